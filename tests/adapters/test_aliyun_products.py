"""A template's calls of products other than ECS: RPC and ROA, where they go, and what fails."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aiohttp import web

from adapters.aliyun import Aliyun, Settings, wire
from adapters.openapi import api
from bot import model
from bot.oos.engine import calls
from tests.adapters.aliyun_plans import Clock, executor
from tests.adapters.aliyun_products import Asked, Products, served
from tests.sandbox.aliyun_party import REGION

TOKEN = "call-token-1"
OK = {"RequestId": "R-1", "Items": {"DBInstance": [{"DBInstanceId": "rm-1"}]}}


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "FIRST_WAIT", 0.005)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


def call(
    service: str, name: str, lookup: bool = False, age: float | None = 5, **fields: Any
) -> model.RunCall:
    given = {"parameters": {}, "region": REGION, **fields}
    what = calls.Api(service, name, **given)
    at = None if age is None else Clock().now()
    return model.RunCall(7, "c0de", "tasks/one#0", TOKEN, what, REGION, lookup, at)


def cloud(products: Products, **settings: Any) -> Any:
    return executor("", endpoints={"*": products.url}, **settings)


async def document(one: Aliyun, effect: model.RunCall) -> Any:
    outcome = await one.perform(effect, model.Attempt())
    assert isinstance(outcome, model.Done), outcome
    return outcome.data["document"]


# ----------------------------------------------------------------------------- RPC


async def test_a_product_by_parameters() -> None:
    async with served(OK) as products, cloud(products) as one:
        effect = call(
            "RDS",
            "DescribeDBInstances",
            parameters={"Engine": "MySQL 8", "Ids": ["a b", "c&d=é"], "Public": True},
        )
        assert await document(one, effect) == OK
    (asked,) = products.asked
    assert (asked.method, asked.path, asked.version) == ("POST", "/", "2014-08-15")
    assert asked.action == "DescribeDBInstances"
    assert asked.params == {
        "Engine": "MySQL 8",
        "Ids.1": "a b",
        "Ids.2": "c&d=é",
        "Public": "true",
        "RegionId": REGION,
    }


async def test_a_template_chooses_version_method_and_region() -> None:
    async with served(OK) as products, cloud(products) as one:
        effect = call(
            "ess", "DescribeAlarms", version="2022-02-22", method="get", region="eu-west-1"
        )
        await document(one, effect)
        effect = call("ess", "DescribeAlarms", parameters={"regionId": "cn-beijing"})
        await document(one, effect)
    assert (products.asked[0].method, products.asked[0].version) == ("GET", "2022-02-22")
    assert products.asked[0].params["RegionId"] == "eu-west-1"
    assert products.asked[1].params == {"regionId": "cn-beijing"}


async def test_long_parameters_go_in_the_body() -> None:
    text = json.dumps({"Resources": {f"r{n}": "你" * 40 for n in range(1000)}}, ensure_ascii=False)
    async with served(OK) as products, cloud(products) as one:
        await document(one, call("ros", "CreateStack", parameters={"TemplateBody": text}))
    (asked,) = products.asked
    assert asked.params["TemplateBody"] == text
    assert len(asked.body) > len(text)


async def test_a_body_of_a_call_by_parameters_is_a_form() -> None:
    async with served(OK) as products, cloud(products) as one:
        await document(one, call("cr", "CreateRepo", body={"RepoName": "a", "Tags": [1, 2]}))
    assert products.asked[0].headers["content-type"] == "application/x-www-form-urlencoded"
    assert products.asked[0].params["Tags.2"] == "2"


@pytest.mark.parametrize(
    ("given", "sent", "doubtful"),
    [
        ({}, None, model.Unknown),
        ({"ClientToken": ""}, TOKEN, model.Done),
        ({"clientToken": None}, TOKEN, model.Done),
        ({"ClientToken": "theirs"}, "theirs", model.Unknown),
    ],
)
async def test_client_tokens(given: dict[str, Any], sent: str | None, doubtful: type) -> None:
    async with served(OK) as products, cloud(products) as one:
        effect = call("vpc", "CreateVpc", parameters=given)
        await document(one, effect)
        assert products.asked[0].params.get("ClientToken") == sent
        assert isinstance(await one.perform(effect, model.Attempt(uncertain=True)), doubtful)


async def test_what_a_token_says_elsewhere_is_not_documented() -> None:
    async with served(OK) as products, cloud(products) as one:
        effect = call("vpc", "CreateVpc", lookup=True, parameters={"ClientToken": ""})
        assert isinstance(await one.perform(effect, model.Attempt()), model.Unknown)
    assert products.asked == []


async def test_all_pages() -> None:
    def page(asked: Asked) -> dict[str, Any]:
        number = int(asked.params.get("PageNumber", "1"))
        items = [{"n": n} for n in range(25)][(number - 1) * 10 : number * 10]
        found = {"LoadBalancer": items}
        about = {"PageNumber": number, "PageSize": 10, "TotalCount": 25, "RequestId": "R"}
        return {"LoadBalancers": found, **about}

    def token(asked: Asked) -> dict[str, Any]:
        at = int(asked.params.get("NextToken") or "0")
        return {"Stacks": [{"n": at}], "NextToken": str(at + 1) if at < 3 else "", "RequestId": "R"}

    async with served(page) as products, cloud(products) as one:
        found = await document(one, call("slb", "DescribeLoadBalancers"))
        assert found["LoadBalancers"]["LoadBalancer"] == [{"n": n} for n in range(25)]
        assert len(products.asked) == 3
        products.answers = [token]
        found = await document(one, call("ros", "ListStacks"))
        assert found["Stacks"] == [{"n": n} for n in range(4)]
        assert found["NextToken"] == ""


@pytest.mark.parametrize(
    "odd",
    [
        {"RequestId": "R", "A": [1], "B": [2], "NextToken": "x"},
        {"RequestId": "R", "NextToken": "x"},
        {"RequestId": "R", "A": {"B": [1], "C": 2}, "NextToken": "x"},
        {"RequestId": "R", "A": [], "NextToken": "same"},
        {"RequestId": "R", "A": [1], "PageNumber": "x", "PageSize": None, "TotalCount": 9},
    ],
)
async def test_what_does_not_look_like_a_list_stays_as_it_is(odd: dict[str, Any]) -> None:
    async with served(lambda _: dict(odd)) as products, cloud(products) as one:
        found = await document(one, call("ros", "ListThings"))
    assert {k: v for k, v in found.items() if k != "NextToken"} == {
        k: v for k, v in odd.items() if k != "NextToken"
    }
    assert len(products.asked) <= 2


# ----------------------------------------------------------------------------- ROA


async def test_a_product_by_method_and_path() -> None:
    async with served([{"cluster_id": "c1"}]) as products, cloud(products) as one:
        effect = call("CS", "DescribeClusters", method="GET", uri="/clusters/c1?a=1 2&b=")
        assert await document(one, effect) == [{"cluster_id": "c1"}]
    (asked,) = products.asked
    assert (asked.method, asked.path, asked.version) == ("GET", "/clusters/c1", "2015-12-15")
    assert asked.params == {"a": "1 2", "b": ""}
    assert asked.body == b""


@pytest.mark.parametrize("body", [{"desired": 3, "n": [1, "é"]}, '{"desired": 3, "n": [1, "é"]}'])
async def test_a_body_is_json(body: Any) -> None:
    async with served({"task_id": "T-1"}) as products, cloud(products) as one:
        effect = call(
            "cs",
            "ScaleOutCluster",
            method="post",
            uri="clusters/c 1/nodes",
            body=body,
            query={"dry": True},
            parameters={"List": [1, 2]},
            headers={"X-Acs-Region-Id": REGION, "Accept-Language": "zh"},
        )
        assert await document(one, effect) == {"task_id": "T-1"}
    (asked,) = products.asked
    assert asked.path == "/clusters/c%201/nodes"
    assert json.loads(asked.body) == {"desired": 3, "n": [1, "é"]}
    assert asked.headers["content-type"] == "application/json; charset=utf-8"
    assert asked.params == {"dry": "true", "List.1": "1", "List.2": "2"}
    assert asked.headers["x-acs-region-id"] == REGION


async def test_a_body_that_is_text() -> None:
    async with served({"ok": True}) as products, cloud(products) as one:
        headers = {"Content-Type": "text/plain"}
        effect = call("cs", "PutText", method="PUT", uri="/x", body="héllo", headers=headers)
        await document(one, effect)
    assert products.asked[0].body == "héllo".encode()
    assert products.asked[0].headers["content-type"] == "text/plain"


async def test_an_empty_answer_is_one() -> None:
    async with served("") as products, cloud(products) as one:
        effect = call("cs", "DeleteCluster", method="DELETE", uri="/clusters/c1")
        assert await document(one, effect) == {}
    assert products.asked[0].method == "DELETE"


async def test_a_token_in_a_body() -> None:
    async with served({"id": 1}) as products, cloud(products) as one:
        effect = call("cs", "CreateCluster", method="POST", uri="/c", body={"client_token": ""})
        await document(one, effect)
        effect = call("cs", "CreateCluster", method="POST", uri="/c", body={"clientToken": ""})
        await document(one, effect)
    assert [json.loads(a.body) for a in products.asked] == [
        {"client_token": ""},
        {"clientToken": TOKEN},
    ]


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"uri": "/clusters/../x"}, "leaves its place"),
        ({"uri": "/clusters/%2E%2e/x"}, "leaves its place"),
        ({"uri": "/clusters", "method": ""}, "Method"),
        ({"uri": "/clusters", "method": "TRACE"}, "TRACE"),
        ({"uri": "/clusters?Action=Other"}, "Action"),
    ],
)
async def test_paths_that_must_not_be_asked(fields: dict[str, Any], word: str) -> None:
    async with served({}) as products, cloud(products) as one:
        effect = call("cs", "CreateCluster", **{"method": "POST", **fields})
        outcome = await one.perform(effect, model.Attempt())
    assert isinstance(outcome, model.Refused)
    assert word in outcome.reason
    assert products.asked == []


async def test_a_name_that_reads_does_not_make_a_delete_a_read() -> None:
    async with served(None) as products, cloud(products) as one:
        effect = call("cs", "DescribeClusters", method="DELETE", uri="/clusters/c1")
        assert isinstance(await one.perform(effect, model.Attempt()), model.Unknown)
        assert len(products.asked) == 1
        assert isinstance(await one.perform(effect, model.Attempt(uncertain=True)), model.Unknown)
        assert len(products.asked) == 1


# ----------------------------------------------------------------------------- failures


async def test_failures_name_the_product() -> None:
    refused = {"status": 403, "Code": "Forbidden.RAM", "Message": "no", "RequestId": "R-2"}
    plain = {"status": 400, "Code": "InvalidDBInstance", "Message": "It is gone.", "RequestId": "R"}
    async with served(refused, plain) as products, cloud(products) as one:
        first = await one.perform(call("RDS", "RestartDBInstance"), model.Attempt())
        second = await one.perform(call("RDS", "RestartDBInstance"), model.Attempt())
    assert isinstance(first, model.Refused)
    assert "rds:RestartDBInstance" in first.reason
    assert isinstance(second, model.Refused)
    assert "It is gone." in second.reason


async def test_errors_of_a_roa_product() -> None:
    refused = {"status": 404, "code": "ErrorClusterNotFound", "message": "No.", "requestId": "R"}
    async with served(refused) as products, cloud(products) as one:
        effect = call("cs", "DescribeClusters", method="GET", uri="/clusters/c1")
        outcome = await one.perform(effect, model.Attempt())
    assert isinstance(outcome, model.Refused)
    assert outcome.code == "ErrorClusterNotFound"


@pytest.mark.parametrize("said", ["<html>502</html>", "", "[]", {"Items": []}, None])
async def test_no_answer_is_not_taken_for_one(said: Any) -> None:
    async with served(said) as products, cloud(products) as one:
        outcome = await one.perform(call("rds", "RestartDBInstance"), model.Attempt())
        assert isinstance(outcome, model.Unknown), outcome
        assert len(products.asked) == 1
        read = await one.perform(call("rds", "DescribeDBInstances"), model.Attempt())
        assert isinstance(read, model.NotSent)


# ----------------------------------------------------------------------------- where it goes


def origin(settings: Settings, **fields: Any) -> str:
    usual = {"service": "rds", "api": "ListX", "parameters": {}, "region": REGION}
    what = calls.Api(**{**usual, **fields})
    return wire.build(what, settings, TOKEN, 7).origin


def test_where_calls_go() -> None:
    bare = Settings(REGION)
    assert origin(bare) == "rds.aliyuncs.com"
    assert origin(bare, region="cn-chengdu") == "rds.cn-chengdu.aliyuncs.com"
    assert origin(bare, service="ECS") == ""
    assert origin(bare, endpoint="rds-vpc.cn-hangzhou.aliyuncs.com") == (
        "rds-vpc.cn-hangzhou.aliyuncs.com"
    )
    assert origin(bare, endpoint="https://RDS.aliyuncs.com/") == "rds.aliyuncs.com"
    told = Settings(REGION, "http://127.0.0.1:1", endpoints={"rds": "http://127.0.0.1:2"})
    assert origin(told) == "http://127.0.0.1:2"
    assert origin(told, endpoint="rds.aliyuncs.com") == "http://127.0.0.1:2"
    assert origin(told, service="vpc", endpoint="127.0.0.1:2") == "http://127.0.0.1:2"
    assert origin(told, service="vpc") == "vpc.aliyuncs.com"
    assert told.origin("ecs") == "http://127.0.0.1:1"
    everywhere = Settings(REGION, endpoints={"*": "http://127.0.0.1:3"})
    assert origin(everywhere) == everywhere.origin("ecs") == "http://127.0.0.1:3"


def test_a_service_that_nobody_knows() -> None:
    bare = Settings(REGION)
    with pytest.raises(wire.BadCall, match="not known"):
        origin(bare, service="novel", version="2020-01-01")
    with pytest.raises(wire.BadCall, match="Version"):
        origin(bare, service="novel", endpoint="novel.aliyuncs.com")
    fields = {"service": "novel", "endpoint": "novel.aliyuncs.com", "version": "2020-01-01"}
    assert origin(bare, **fields) == "novel.aliyuncs.com"
    told = Settings(REGION, endpoints={"novel": "novel.internal"})
    assert origin(told, service="Novel", version="2020-01-01") == "novel.internal"


async def test_a_redirect_is_not_followed() -> None:
    def away(asked: Asked) -> None:
        raise web.HTTPTemporaryRedirect(elsewhere.url)

    async with served(OK) as elsewhere, served(away) as products, cloud(products) as one:
        outcome = await one.perform(call("rds", "RestartDBInstance"), model.Attempt())
    assert isinstance(outcome, model.Unknown)
    assert "redirect" in outcome.reason
    assert (len(products.asked), elsewhere.asked) == (1, [])


async def test_connections_are_kept_per_endpoint() -> None:
    async with served(OK) as products, cloud(products, workers=2) as one:
        for service in ("rds", "vpc", "slb", "ram"):
            for _ in range(3):
                await document(one, call(service, "DescribeThings"))
        assert len(one._api.clients) == 1
    assert len(products.connections) <= 2
