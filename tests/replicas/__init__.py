"""Seeded crash histories: stories on both platforms, while replicas, their database and their ways
to it fail. ``make crash-replicas``; one history again: ``ARGS="--seed 7"``."""
