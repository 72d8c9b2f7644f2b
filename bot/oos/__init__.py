"""The language of OOS templates, and the interpreter that runs one over a journal. Pure: what is to
be called is handed out as data."""
