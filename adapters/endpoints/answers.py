"""What a server's answer means: one of the four outcomes, by its HTTP status alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from adapters.common import http
from adapters.endpoints.settings import Endpoint
from bot import model

_LATER = frozenset({408, 425, 429})
_HINTS: Mapping[int, str] = {
    401: "it refuses the signature or the credentials: check secret and headers of the endpoint, "
    "and this machine's clock",
    403: "it refuses the signature or the credentials: check secret and headers of the endpoint, "
    "and this machine's clock",
    404: "there is nothing at this address: check url of the endpoint",
    405: "the address takes no POST: check url of the endpoint",
    410: "the address is no longer served: check url of the endpoint",
    413: "the message is too long for it: let the rule's template say less",
    415: "it does not take this content type: check shape of the endpoint",
}


def outcome(endpoint: Endpoint, response: http.Answer, now: datetime) -> model.Outcome:
    """A 2xx is only said by who took it, a 5xx only by who did not."""
    status = response.status
    said = f"{endpoint.name}: HTTP status {status}"
    if 200 <= status < 300:
        return model.Done(data={"status": status})
    if 300 <= status < 400:
        return model.Refused(
            f"{said}: a redirect, which is not followed; give the final address", "redirect"
        )
    if status in _LATER or status >= 500:
        return model.NotSent(said, response.retry_after(now))
    hint = _HINTS.get(status)
    return model.Refused(f"{said}: {hint}" if hint else said, str(status))
