"""Verbs of ``python -m bot`` that take more than a few lines; the rest is in ``__main__``."""
