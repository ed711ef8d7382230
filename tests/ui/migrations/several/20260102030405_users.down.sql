-- migrate:up
ROLLBACK;
