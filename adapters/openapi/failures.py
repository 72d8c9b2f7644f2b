"""What a failed call means: did it happen, may it be sent again, and what should a person do.

No text of the SDK's own exceptions is passed on unless the platform wrote it: theirs quote the
whole URL, script included.
"""

from __future__ import annotations

import logging
import re
from typing import Any, Literal

from adapters.openapi import hints
from bot import model

log = logging.getLogger(__name__)

Kind = Literal["refused", "throttled", "unsent", "doubtful"]
"""``refused``: the answer is no. ``throttled``: not now, and it did not happen. ``unsent``: it
never left this machine. ``doubtful``: it may have happened."""

DOUBTFUL_CODES = frozenset({"SignatureNonceUsed", "RequestTimeout"})
"""Refusals that say that an earlier copy of this very request may have arrived."""

MISMATCH = "IdempotentParameterMismatch"
"""The refusal of a client token that came before with other parameters."""

LONGEST = {"oos": 1000}
"""Characters of what a product says, 300 unless told: OOS puts all of a template's faults in one
sentence."""
_SAID = re.compile(r"^code: \d+, (.*?)(?: request id: \S+)?$", re.DOTALL)
_STS_STATUS = re.compile(r"http_code[:=]\s*(\d{3})")
_STS_CODE = re.compile(r'"Code"\s*:\s*"([\w.]+)"')


class Failure(Exception):
    """A call that brought nothing. ``doubt`` is True when any try of it may have happened."""

    def __init__(
        self,
        kind: Kind,
        reason: str,
        code: str = "",
        retry_after: float = 0.0,
        request_id: str = "",
    ) -> None:
        super().__init__(reason)
        self.kind: Kind = kind
        self.reason = reason
        self.code = code
        self.retry_after = retry_after
        self.request_id = request_id
        self.doubt = kind == "doubtful"

    def outcome(self, token: str = "") -> model.Outcome:
        """The failure as one of the four outcomes."""
        if self.doubt:
            return model.Unknown(self.reason, token)
        if self.kind == "refused":
            return model.Refused(self.reason, self.code)
        return model.NotSent(self.reason, self.retry_after)

    def harmless(self) -> model.Refused | model.NotSent:
        """The outcome where a repetition changes nothing, as with every call that only reads."""
        if self.kind == "refused":
            return model.Refused(self.reason, self.code)
        return model.NotSent(self.reason, self.retry_after)


def explain(error: Exception, action: str, product: str) -> Failure:
    """What an exception of the SDK means for the call ``action`` of a product."""
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return _answered(error, status, action, product)
    inner = getattr(error, "inner_exception", None) or error
    kind = type(inner)
    if kind.__name__ == "CredentialException":
        return _no_credentials(str(getattr(inner, "message", "")))
    if kind.__name__ == "RetryError" and kind.__module__.startswith("Tea"):
        return Failure("unsent", "The service that hands out credentials could not be reached.")
    if kind.__name__ == "RetryError":
        return _unanswered(inner.__context__, action)
    log.warning("%s: the answer could not be read (%s)", action, kind.__name__)
    return Failure("doubtful", f"{action} was answered with something that is not an answer.")


def _answered(error: Any, status: int, action: str, product: str) -> Failure:
    code = str(error.code or "")
    request_id = str(getattr(error, "request_id", "") or "")
    after = float(getattr(error, "retry_after", 0) or 0) / 1000
    if code.startswith("Throttling") or status == 429 or (after and status < 500):
        reason = f"Alibaba Cloud asks for fewer calls ({code})."
        return Failure("throttled", reason, code, after, request_id)
    if status >= 500 or code in DOUBTFUL_CODES:
        reason = f"{action} failed on the platform's side ({status} {code})."
        return Failure("doubtful", reason, code, after, request_id)
    reason = hints.hint(code, product, action)
    if not reason:
        said = _SAID.match(str(error.message or ""))
        reason = (said[1] if said else f"{action} was refused.")[: LONGEST.get(product, 300)]
    return Failure("refused", f"{reason} ({code}, request {request_id})", code, 0.0, request_id)


def _no_credentials(text: str) -> Failure:
    """The text itself is not passed on: it may quote what the credentials service answered."""
    status, code = _STS_STATUS.search(text), _STS_CODE.search(text)
    if status is not None and status[1].startswith("4"):
        name = code[1] if code else f"HTTP {status[1]}"
        hint = hints.hint(name, "sts", "AssumeRole")
        reason = hint or "No credentials: the role could not be assumed."
        return Failure("refused", f"{reason} ({name})", name)
    return Failure(
        "unsent",
        "No credentials: nothing in the environment, the profile or the instance's RAM role.",
    )


def _unanswered(cause: BaseException | None, action: str) -> Failure:
    """A connection that never stood sent nothing; one that broke may have."""
    from requests import exceptions as http
    from urllib3 import exceptions as pool

    reason = getattr(cause.args[0], "reason", None) if cause is not None and cause.args else None
    never = isinstance(cause, http.ConnectTimeout | http.ProxyError) or isinstance(
        reason, pool.NewConnectionError | pool.ConnectTimeoutError
    )
    untrusted = isinstance(cause, http.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(cause)
    if untrusted:
        return Failure(
            "unsent", "The endpoint's certificate is not trusted: check endpoint and ca."
        )
    if never:
        return Failure("unsent", "Alibaba Cloud could not be reached (no connection).")
    if isinstance(cause, http.TooManyRedirects):
        reason = f"{action} was answered with a redirect, which is not followed: check endpoint."
        return Failure("doubtful", reason)
    what = "in time" if isinstance(cause, http.ReadTimeout) else "before the connection broke"
    return Failure("doubtful", f"{action} was not answered {what}.")
