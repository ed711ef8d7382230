DROP VIEW overdue_loans;
