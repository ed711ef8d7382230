CREATE TABLE half (x int);
SELECT pg_sleep(60);
