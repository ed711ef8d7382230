DROP TABLE fine_payments;
DROP TABLE fines;
