"""What is said to SQLite alone: pragmas, and its own tables."""

from __future__ import annotations

OPEN_WRITER = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA busy_timeout = 2000",
    "PRAGMA wal_autocheckpoint = 0",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -32768",
)
NEW_FILE = "PRAGMA auto_vacuum = INCREMENTAL"
OPEN_READER = (
    "PRAGMA query_only = ON",
    "PRAGMA busy_timeout = 10000",
    "PRAGMA temp_store = MEMORY",
)
FILE = "PRAGMA database_list"
CHECKPOINT = "PRAGMA wal_checkpoint(PASSIVE)"
CHECKPOINT_ALL = "PRAGMA wal_checkpoint(TRUNCATE)"

INTEGRITY = "PRAGMA integrity_check"
QUICK = "PRAGMA quick_check"
ONE_FILE = "PRAGMA journal_mode = DELETE"
MIGRATED = "SELECT name FROM _sqlite_migrations WHERE migration_set = 'countersign' ORDER BY id"
OVERWRITE, OVERWRITE_NOT = "PRAGMA secure_delete = ON", "PRAGMA secure_delete = OFF"
FREE_PAGES = "PRAGMA freelist_count"
GIVES_BACK = "PRAGMA auto_vacuum"
GIVE_BACK = "PRAGMA incremental_vacuum(1)"
"""One page: Python takes but one step of it."""
COMPACT = (NEW_FILE, "VACUUM")

COLUMNS = "SELECT name FROM pragma_table_info(?) ORDER BY cid"
SEQUENCE = "SELECT seq FROM sqlite_sequence WHERE name = ?"
SEQUENCE_SET = "UPDATE sqlite_sequence SET seq = ? WHERE name = ?"
SEQUENCE_PUT = "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)"
REFERENCES = "PRAGMA foreign_key_check"
SHAPES = """
SELECT name, sql FROM sqlite_master
WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
"""
