-- Fines and payments are summed on their own first: joined directly, each payment would repeat its fine.
CREATE VIEW member_balances AS
WITH paid AS (
    SELECT fine_id, sum(amount_cents) AS cents
    FROM fine_payments
    GROUP BY fine_id
)
SELECT
    members.id AS member_id,
    members.card_number,
    sum(fines.amount_cents) AS charged_cents,
    sum(coalesce(paid.cents, 0)) AS paid_cents,
    sum(fines.amount_cents - coalesce(paid.cents, 0)) AS owed_cents
FROM fines
JOIN loans ON loans.id = fines.loan_id
JOIN members ON members.id = loans.member_id
LEFT JOIN paid ON paid.fine_id = fines.id
GROUP BY members.id;
