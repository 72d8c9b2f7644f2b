"""Named points at which a test may kill the process. In production every one is a no-op.

A checkpoint stands after every commit and before and after every call to the outside; its name is
``<place>.<moment>``, for instance ``engine.committed`` or ``outbox.before.start_run``.
"""

from __future__ import annotations

from collections.abc import Callable

_hook: Callable[[str], None] | None = None


def install(hook: Callable[[str], None] | None) -> None:
    """Set what is called at every checkpoint (None: nothing)."""
    global _hook
    _hook = hook


def reach(name: str) -> None:
    """Say that this point was reached."""
    if _hook is not None:
        _hook(name)
