CREATE TABLE quick (x);
