"""VPC 2016-04-28: one small RPC product besides ECS, so that calls of any product can be tried.

Source: https://help.aliyun.com/zh/vpc/developer-reference/api-vpc-2016-04-28-describevpcs.
"""

from __future__ import annotations

from typing import Any

from sandbox import world
from sandbox.aliyun.errors import ApiError, invalid, missing
from sandbox.aliyun.products import Params, Request

VERSION = "2016-04-28"
TAKES = frozenset({"RegionId", "VpcId", "VpcName", "IsDefault", "PageNumber", "PageSize"})
VPCS: tuple[dict[str, Any], ...] = (
    {
        "VpcId": "vpc-sandbox",
        "VpcName": "main",
        "RegionId": world.ALIYUN_REGION,
        "CidrBlock": "10.0.0.0/8",
        "Status": "Available",
        "IsDefault": True,
        "VSwitchIds": {"VSwitchId": ["vsw-sandbox"]},
    },
    {
        "VpcId": "vpc-sandbox2",
        "VpcName": "lab",
        "RegionId": world.ALIYUN_REGION,
        "CidrBlock": "172.16.0.0/12",
        "Status": "Available",
        "IsDefault": False,
        "VSwitchIds": {"VSwitchId": []},
    },
)


class Vpc:
    async def handle(self, action: str, params: Params, request: Request) -> dict[str, Any]:
        """DescribeVpcs. Raises ApiError."""
        if action != "DescribeVpcs":
            raise ApiError(404, "InvalidAction.NotFound", "Specified api is not found.")
        for name in params:
            if name not in TAKES:
                raise ApiError(400, "UnsupportedParameter", f"{action} has no parameter {name}.")
        if not params.get("RegionId"):
            raise missing("RegionId")
        wanted = params.get("VpcId", "")
        found = [
            vpc
            for vpc in VPCS
            if vpc["RegionId"] == params["RegionId"]
            and (not wanted or vpc["VpcId"] in wanted.split(","))
            and params.get("VpcName", vpc["VpcName"]) == vpc["VpcName"]
            and params.get("IsDefault", str(vpc["IsDefault"])).lower()
            == str(vpc["IsDefault"]).lower()
        ]
        at, size = number(params, "PageNumber", 1), number(params, "PageSize", 10)
        return {
            "TotalCount": len(found),
            "PageNumber": at,
            "PageSize": size,
            "Vpcs": {"Vpc": found[(at - 1) * size : at * size]},
        }


def number(params: Params, name: str, default: int) -> int:
    """A parameter from 1 to 50. Raises ApiError."""
    text = params.get(name) or str(default)
    if not text.isdecimal() or not 1 <= int(text) <= 50:
        raise invalid(name, "not a number from 1 to 50")
    return int(text)
