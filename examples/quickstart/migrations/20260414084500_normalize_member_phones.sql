-- Keeps only digits and a leading plus, so that a caller's number finds the member:
-- "(030) 123-456" becomes "030123456".
--
-- There is no way back: how each number was written before is not kept anywhere.

UPDATE members
SET phone = replace(replace(replace(replace(replace(replace(
        trim(phone), ' ', ''), '-', ''), '/', ''), '.', ''), '(', ''), ')', '')
WHERE phone IS NOT NULL;

UPDATE members
SET phone = '+' || substr(phone, 3)
WHERE phone LIKE '00%';

UPDATE members
SET phone = NULL
WHERE phone = '' OR ltrim(phone, '+') GLOB '*[^0-9]*';
