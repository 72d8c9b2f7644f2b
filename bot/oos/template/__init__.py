"""A template as written: its text read into parts that know where they stand, and printed again."""
