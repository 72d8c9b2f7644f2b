"""Settings that several adapters have, with the same words and the same default."""

from __future__ import annotations

from pydantic import Field

RECONNECT_AFTER = Field(
    default=1200.0,
    description="Replace a connection that is so old, in seconds, by a new one: one may answer "
    "pings and bring no events. The new one stands before the old one goes.",
)
CALL_TIMEOUT = Field(default=10.0, description="Longest wait for one API call, in seconds.")
CA_FILE = Field(
    default="",
    description="PEM file of the certificates to trust instead of the usual ones, where a "
    "gateway with a private authority stands in between.",
)
