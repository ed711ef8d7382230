INSERT INTO quick VALUES (1);
INSERT INTO quick SELECT count(*) FROM information_schema.collations a, information_schema.collations b,
  information_schema.collations c, information_schema.collations d, information_schema.collations e;
