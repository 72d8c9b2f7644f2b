"""What runs: the engine that takes events, the outbox that makes calls, timers, the poller, and the
clock that they share. Everything here waits; nothing here decides."""
