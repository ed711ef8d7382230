-- The due dates that members were told stay as they are.
DROP TABLE loan_renewals;
