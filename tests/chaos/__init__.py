"""Seeded histories: stories on both platforms, while the bots and all that they need fail.
``make chaos``; one history again: ``ARGS="--seed 7"``."""
