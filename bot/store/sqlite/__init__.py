"""The store in one SQLite file. Nothing outside of this package knows SQL."""
