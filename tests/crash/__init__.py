"""The proof that it keeps its word: killed at every named point, the bot must finish its stories.

``python -m tests.crash --help`` says how to run it; ``test_crash.py`` holds a small fixed part.
"""
