"""STS 2015-04-01: who calls.

Source: https://help.aliyun.com/zh/ram/developer-reference/api-sts-2015-04-01-getcalleridentity.
"""

from __future__ import annotations

from typing import Any

from sandbox.aliyun.errors import ApiError
from sandbox.aliyun.policies import ACCOUNT
from sandbox.aliyun.products import Params, Request

VERSION = "2015-04-01"


class Sts:
    """``root``: the key is that of the account itself."""

    def __init__(self) -> None:
        self.root = False

    async def handle(self, action: str, params: Params, request: Request) -> dict[str, Any]:
        """GetCallerIdentity. Raises ApiError."""
        if action != "GetCallerIdentity":
            raise ApiError(404, "InvalidAction.NotFound", "The specified action is not found.")
        kind, user = ("Account", "root") if self.root else ("RAMUser", "user/countersign")
        if request.key.session and not self.root:
            kind, user = "AssumedRoleUser", f"assumed-role/countersign/{request.key.session}"
        return {
            "AccountId": ACCOUNT,
            "Arn": f"acs:ram::{ACCOUNT}:{user}",
            "IdentityType": kind,
            "PrincipalId": "216959339000****",
            "UserId": ACCOUNT if self.root else "216959339000****",
        }
