-- The step that the next line of a metrics file gets when it has none: an engine that takes over counts on from it.
ALTER TABLE reading ADD COLUMN step BIGINT DEFAULT 0;
