"""The one place that wires: configuration → store, engine, outbox, timers, adapters; start to stop.

Made of: ``adapters`` (which there are), ``outside`` and ``bus`` (settings → adapters, and who
carries out which effect), ``main`` (the start and the stop).
"""
