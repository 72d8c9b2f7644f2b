"""The statements, transitions and reads that every database of the store shares."""
