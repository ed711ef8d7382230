CREATE VIEW overdue_loans AS
SELECT
    loans.id AS loan_id,
    members.card_number,
    members.given_name || ' ' || members.family_name AS member_name,
    members.email,
    books.title,
    copies.barcode,
    loans.due_on,
    CAST(julianday('now') - julianday(loans.due_on) AS INTEGER) AS days_overdue
FROM loans
JOIN members ON members.id = loans.member_id
JOIN copies ON copies.id = loans.copy_id
JOIN books ON books.id = copies.book_id
WHERE loans.returned_on IS NULL
  AND loans.due_on < date('now');
