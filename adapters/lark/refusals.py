"""Why the platform does not let us connect, and in which words that is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.common import http, masking
from adapters.lark import sdk

FATAL = frozenset((sdk.const.FORBIDDEN, sdk.const.AUTH_FAILED, sdk.const.NO_CREDENTIAL, 1000040346))
LIMIT: int = sdk.const.EXCEED_CONN_LIMIT


def refusal(status: int, headers: Mapping[str, str]) -> Exception:
    """What a refused upgrade to a websocket means, told by its headers."""

    def number(name: str) -> int:
        return http.number_of(headers.get(name, ""))

    code = number("Handshake-Status")
    said = headers.get("Handshake-Msg", "") or f"HTTP status {status}"
    kind = sdk.ServerException
    if number("Handshake-Autherrcode") == LIMIT:
        kind, code = sdk.ClientException, LIMIT
    elif code == sdk.const.FORBIDDEN:
        kind = sdk.ClientException
    # A 403 that only the HTTP status tells may be some proxy's. 514 without that code speaks of the
    # ticket, not of the app: the next try gets a new one.
    exception: Exception = kind(code or status, said)
    return exception


def what_to_check(refused: Any) -> str:
    """A sentence for the person who set the bot up."""
    if refused.code == LIMIT:
        return (
            "Lark refuses the connection: this app has too many (50 at most). Is another bot using "
            "the same app_id?"
        )
    return (
        f"Lark refuses the connection ({masking.masked(str(refused))}). Check app_id and "
        "app_secret in [lark], and that the app is enabled and its domain is right."
    )
