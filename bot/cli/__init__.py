"""The verbs of ``python -m bot``."""
