"""How the platform says no: as api.dingtalk.com does (HTTP status and a code in words), and as
oapi.dingtalk.com does (HTTP 200 and a number)."""

from __future__ import annotations

from typing import Any

from sandbox import world


class Refused(Exception):
    """A call of api.dingtalk.com failed: answered as ``{"code", "requestid", "message"}``.

    https://open.dingtalk.com/document/development/error-code
    """

    def __init__(self, code: str, message: str = "", status: int = 400, **more: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message or code
        self.status = status
        self.more = more


class OapiRefused(Exception):
    """A call of oapi.dingtalk.com failed: answered as HTTP 200 ``{"errcode", "errmsg"}``.

    https://open.dingtalk.com/document/development/custom-robots-send-group-messages
    """

    def __init__(self, errcode: int, errmsg: str) -> None:
        super().__init__(f"{errcode}: {errmsg}")
        self.errcode = errcode
        self.errmsg = errmsg


def throttled() -> Refused:
    """What a call over its rate gets; the platform asks to wait at least one second."""
    return Refused(
        "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi",
        "应用的请求已被限流，请稍后重试",
        403,
        accessdenieddetail={"requiredScopes": []},
    )


def not_permitted(scope: str) -> Refused:
    """What an app without a permission gets, with the address at which it is applied for."""
    apply = (
        f"https://open-dev.dingtalk.com/appscope/apply?content={world.DINGTALK_CLIENT_ID}%23{scope}"
    )
    return Refused(
        "Forbidden.AccessDenied.AccessTokenPermissionDenied",
        f"应用尚未开通所需的权限：[{scope}]，点击链接申请并开通即可：{apply}",
        403,
        accessdenieddetail={"requiredScopes": [scope]},
    )
