"""HTTP in: a small server that takes events from outside, off unless it is configured."""

from adapters.inlet.settings import Settings, Source

__all__ = ["Settings", "Source"]
