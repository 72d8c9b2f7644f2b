"""How the ECS API says no: an HTTP status, a code and a sentence.

Source: https://help.aliyun.com/zh/ecs/developer-reference/api-error-codes and each API's own table.
"""

from __future__ import annotations


class ApiError(Exception):
    """The call is refused; nothing was done."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def missing(name: str) -> ApiError:
    return ApiError(
        400,
        "MissingParameter",
        f'The input parameter "{name}" that is mandatory for processing this request is not '
        "supplied.",
    )


def invalid(name: str, why: str) -> ApiError:
    return ApiError(400, f"InvalidParameter.{name}", f"The specified {name} is invalid: {why}.")


def limit(what: str, message: str) -> ApiError:
    """One of the 403 ``*.ExceedLimit`` answers."""
    return ApiError(403, f"{what}.ExceedLimit", message)


def status_error() -> ApiError:
    """An instance or a disk is not where this could be done."""
    return ApiError(
        403,
        "IncorrectInstanceStatus",
        "The current status of the resource does not support this operation.",
    )
