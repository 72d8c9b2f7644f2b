"""Benchmarks: what the bot does per second, as ratios to a peer in the same run.

Absolute numbers drift with the machine, so every figure that counts is a ratio of two medians whose
rounds alternated. ``python -m bench [NAME…] [--quick]``; see ``bench.__main__``.
"""
