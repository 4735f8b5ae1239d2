-- Lists of one status of a space, in the order of ids, and their number, without a look at the rows.
DROP INDEX page_of_space;
CREATE INDEX page_of_space ON page (space_id, status, gone_at);
