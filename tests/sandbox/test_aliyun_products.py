"""Products besides ECS, through the generic client: RPC by action, ROA by path, both signed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sandbox.aliyun import Aliyun, cs, products
from sandbox.aliyun.errors import ApiError
from tests.sandbox.aliyun_party import REGION, Sdk


def cluster(path: str = "/api/v1/clusters", api: str = "DescribeClustersV1") -> dict[str, Any]:
    return {"version": cs.VERSION, "api": api, "path": path, "method": "GET"}


async def test_rpc(sdk: Sdk) -> None:
    ask = {"version": "2016-04-28", "api": "DescribeVpcs"}
    answer = await sdk.generic(**ask, query={"RegionId": REGION, "VpcName": "lab"})
    assert [vpc["VpcId"] for vpc in answer["Vpcs"]["Vpc"]] == ["vpc-sandbox2"]
    assert answer["RequestId"]
    with pytest.raises(Exception) as refused:
        await sdk.generic(**ask, query={"RegionId": REGION, "Colour": "red"})
    assert getattr(refused.value, "code", "") == "UnsupportedParameter"
    with pytest.raises(Exception) as refused:
        await sdk.generic(**ask)
    assert getattr(refused.value, "code", "") == "MissingParameter"


async def test_roa(party: Aliyun, sdk: Sdk) -> None:
    listed = await sdk.generic(**cluster(), query={"name": "main"})
    (about,) = listed["clusters"]
    assert (about["cluster_id"], about["size"]) == (cs.CLUSTER, 2)
    scale = cluster(f"/clusters/{cs.CLUSTER}/nodepools/{cs.POOL}", "ScaleClusterNodePool")
    task = (await sdk.generic(**{**scale, "method": "POST"}, body={"count": 3}))["task_id"]
    watch = cluster(f"/tasks/{task}", "DescribeTaskInfo")
    assert (await sdk.generic(**watch))["state"] == "running"
    party.clock.advance(1)
    assert (await sdk.generic(**watch))["state"] == "success"
    detail = cluster(f"/clusters/{cs.CLUSTER}", "DescribeClusterDetail")
    assert (await sdk.generic(**detail))["size"] == 5


@pytest.mark.parametrize(
    ("asked", "body", "code"),
    [
        (cluster("/clusters/c-none", "DescribeClusterDetail"), None, "ErrorClusterNotFound"),
        (cluster(api="DescribeVpcs"), None, "InvalidAction.NotFound"),
        (cluster("/nowhere"), None, "InvalidAction.NotFound"),
        (
            {
                **cluster(f"/clusters/{cs.CLUSTER}/nodepools/{cs.POOL}", "ScaleClusterNodePool"),
                "method": "POST",
            },
            {"count": "many"},
            "InvalidParameter",
        ),
        ({**cluster(), "version": "1999-01-01"}, None, "InvalidVersion"),
    ],
)
async def test_refusals(sdk: Sdk, asked: dict[str, Any], body: Any, code: str) -> None:
    with pytest.raises(Exception) as refused:
        await sdk.generic(**asked, body=body)
    assert getattr(refused.value, "code", "") == code


async def test_a_path_is_signed_too(party: Aliyun) -> None:
    guess = Sdk(party, access_key_secret="guess")
    with pytest.raises(Exception) as refused:
        await guess.generic(**cluster())
    assert getattr(refused.value, "code", "") == "SignatureDoesNotMatch"


async def test_faults_reach_every_product(party: Aliyun, sdk: Sdk) -> None:
    await party.fault("DescribeClustersV1", "error", status=503, code="ServiceUnavailable")
    with pytest.raises(Exception) as refused:
        await sdk.generic(**cluster())
    assert getattr(refused.value, "code", "") == "ServiceUnavailable"
    assert (await party.calls("DescribeClustersV1"))[0]["code"] == "ServiceUnavailable"


async def test_a_product_joins_by_its_version(party: Aliyun, sdk: Sdk) -> None:
    """What another package needs to serve its own product at the same address."""

    async def handle(
        action: str, params: products.Params, request: products.Request
    ) -> dict[str, Any]:
        await asyncio.sleep(0)
        if action != "Echo":
            raise ApiError(404, "InvalidAction.NotFound", "Specified api is not found.")
        return {"Said": params["Text"], "By": request.caller, "Id": request.id}

    party.products["2030-01-01"] = products.Product("echo", handle)
    answer = await sdk.generic(version="2030-01-01", api="Echo", query={"Text": "a b"})
    assert (answer["Said"], answer["By"]) == ("a b", "LTAIsandbox")
    assert answer["Id"] == answer["RequestId"]
