"""One typed line: cut into words (``tokenizer``), bound to parameters (``binder``), read whole
(``parser``), and written again as people would type it (``formatter``)."""
