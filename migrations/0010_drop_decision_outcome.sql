-- What was decided about a person stands in the sealed record alone: beside a pseudonym it was still about them.
ALTER TABLE decisions DROP COLUMN outcome;
