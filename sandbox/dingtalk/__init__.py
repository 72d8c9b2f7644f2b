"""A stand-in for DingTalk on loopback: Stream gateway, cards, robots, webhooks, OA approval."""

from __future__ import annotations

from sandbox.dingtalk import acts, filing, wires


class DingTalk(acts.Acts, filing.Filing, wires.Wires):
    """``DingTalk(clock)``; serve ``app`` and set ``base_url`` to where it is served."""
