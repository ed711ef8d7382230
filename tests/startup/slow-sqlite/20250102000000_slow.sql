-- migrate:options foreign_keys:off
CREATE TABLE half (x);
INSERT INTO half WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n;
