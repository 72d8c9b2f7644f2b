"""What the far end answers to the calls of the three platforms: always that it was done."""

from __future__ import annotations

import json

from bench import frames, wire

INSTANCE = "i-bench0web01"


def answer(request: wire.Request, base_url: str) -> bytes:
    """The JSON body that answers a call; the gateways name a websocket of this far end."""
    said = _fixed.get(request.path) or _fixed.get(request.action)
    if said is not None:
        return said
    socket = base_url.replace("http", "ws", 1)
    if request.path == "/v1.0/gateway/connections/open":
        name = json.loads(request.body)["clientId"]
        return _json({"endpoint": f"{socket}/connect", "ticket": name})
    if request.path == "/callback/ws/endpoint":
        name = json.loads(request.body)["AppID"]
        url = f"{socket}/lark?device_id=1&service_id=7&ticket={name}"
        pace = {
            "PingInterval": 120,
            "ReconnectCount": -1,
            "ReconnectInterval": 1,
            "ReconnectNonce": 1,
        }
        return _json({"code": 0, "msg": "", "data": {"URL": url, "ClientConfig": pace}})
    if request.path.startswith("/v1.0/card/"):
        results = [{"success": True, "spaceType": "IM_GROUP", "carrierId": "carrier"}]
        return _json({"success": True, "result": {"deliverResults": results}})
    if request.path.startswith("/v1.0/"):
        return _json({"success": True, "result": True, "processQueryKey": "key"})
    return _json({"code": 0, "msg": "success", "data": {"message_id": "om_answer"}})


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


_fixed: dict[str, bytes] = {
    "/v1.0/oauth2/accessToken": _json({"accessToken": "token", "expireIn": 7200}),
    "/robot/sendBySession": _json({"errcode": 0, "errmsg": "ok"}),
    "/open-apis/auth/v3/tenant_access_token/internal": _json(
        {"code": 0, "msg": "ok", "tenant_access_token": "t-token", "expire": 7200}
    ),
    "/open-apis/bot/v3/info": _json(
        {"code": 0, "msg": "ok", "bot": {"open_id": frames.LARK_BOT, "app_name": "countersign"}}
    ),
    "DescribeInstances": _json(
        {
            "RequestId": "00000000-0000-0000-0000-000000000001",
            "TotalCount": 1,
            "NextToken": "",
            "Instances": {
                "Instance": [
                    {
                        "InstanceId": INSTANCE,
                        "InstanceName": "web-01",
                        "RegionId": "cn-hangzhou",
                        "Status": "Running",
                    }
                ]
            },
        }
    ),
    "DescribeCloudAssistantStatus": _json(
        {
            "RequestId": "00000000-0000-0000-0000-000000000002",
            "InstanceCloudAssistantStatusSet": {
                "InstanceCloudAssistantStatus": [
                    {"InstanceId": INSTANCE, "CloudAssistantStatus": "true"}
                ]
            },
        }
    ),
}
