"""The proof that it keeps its word: the bot is killed at every named point and must finish its stories.

``python -m tests.crash --help`` says how to run it; ``test_crash.py`` holds a small fixed part.
"""
