"""Text that people write, as the readers of all its languages need it: letters that look alike, and
JSON as people type it."""
