DROP VIEW member_balances;
