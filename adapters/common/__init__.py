"""What adapters share that reach their party over the network: guarded calls and connections.

It is no adapter itself: it knows no platform, and imports none of them.
"""
