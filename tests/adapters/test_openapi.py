"""What the executors of Alibaba Cloud share: clients kept by place and identity, hints, regions."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from alibabacloud_credentials.exceptions import CredentialException

from adapters import openapi
from adapters.oos import Oos
from adapters.openapi import clients, failures, hints
from bot import model
from sandbox.aliyun import Aliyun
from tests.adapters.aliyun_plans import KEY
from tests.adapters.oos_plans import TOUCH, start

ROLE = openapi.Credentials("role", "LTAIbase", "base-secret", role_arn="acs:ram::1:role/chatops")
HERE = "http://127.0.0.1:1"


class Refusal(Exception):
    """As the SDK raises it."""

    status_code = 400

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def pool(credentials: openapi.Credentials = KEY, **more: Any) -> clients.Clients:
    settings = openapi.Settings("cn-hangzhou", "", credentials=credentials, **more)
    return clients.Clients(settings, clients.generic)


# ----------------------------------------------------------------------------- clients


def test_a_client_is_kept_for_a_place() -> None:
    kept = pool()
    one = kept.get("cn-hangzhou", HERE, "", "")
    assert kept.get("cn-beijing", HERE, "", "") is one
    assert kept.get("cn-hangzhou", "http://127.0.0.1:2", "", "") is not one
    assert len(kept) == 2


def test_a_session_and_its_policy_are_an_identity_of_a_role_alone() -> None:
    for credentials, different in ((KEY, False), (ROLE, True)):
        kept = pool(credentials)
        one = kept.get("cn-hangzhou", HERE, "countersign-1", "")
        assert (kept.get("cn-hangzhou", HERE, "countersign-2", "") is not one) is different
        assert (kept.get("cn-hangzhou", HERE, "countersign-1", "{}") is not one) is different


def test_the_clients_used_last_are_kept() -> None:
    kept = pool(ROLE)
    first = kept.get("cn-hangzhou", HERE, "s-0", "")
    for number in range(1, clients.KEPT + 1):
        kept.get("cn-hangzhou", HERE, f"s-{number}", "")
        assert kept.get("cn-hangzhou", HERE, "s-0", "") is first
    assert len(kept) == clients.KEPT


def test_clients_of_one_place_share_their_connections() -> None:
    from darabonba.core import DaraCore

    origin = "http://127.0.0.1:3"
    pool().get("cn-hangzhou", origin, "", "")
    session = DaraCore._get_session(f"{origin}:80:pool=8", "http", pool_size=8)
    assert session.max_redirects == 0
    mounted = session.get_adapter(origin)
    pool(ROLE).get("cn-hangzhou", origin, "s-1", "")
    assert session.get_adapter(origin) is mounted


@pytest.mark.parametrize("region", ["", "cn", "cn-hangzhou.evil.com/", "cn-x@evil.com", "Ünder"])
def test_what_is_no_region_becomes_no_host(region: str) -> None:
    with pytest.raises(openapi.Failure, match="is not a region") as refused:
        pool().get(region, "", "", "")
    assert (refused.value.kind, refused.value.code) == ("refused", "InvalidRegionId.NotFound")


async def test_what_is_no_region_is_not_asked(party: Aliyun, oos: Oos) -> None:
    effect = start(TOUCH)
    step = dataclasses.replace(effect.step, region="cn-hangzhou.evil.com/")
    outcome = await oos.perform(dataclasses.replace(effect, step=step), model.Attempt())
    assert isinstance(outcome, model.Refused)
    assert outcome.code == "InvalidRegionId.NotFound"
    assert await party.calls() == []


# ----------------------------------------------------------------------------- words


def test_every_hint_is_whole() -> None:
    for product in ("ecs", "oos", "sts", "rds"):
        for code in {*hints.COMMON, *hints.OWN.get(product, {})}:
            said = hints.hint(code, product, "DoThings")
            assert said.endswith("."), (product, code)
            assert not set("{}") & set(said), said
    assert hints.hint("Unheard.Of", "ecs", "DoThings") == ""


@pytest.mark.parametrize(
    ("product", "code", "said"),
    [
        ("ecs", "Forbidden.RAM", "grant it ecs:RunIt on these instances"),
        ("rds", "Forbidden.RAM", "grant it rds:RunIt on these resources"),
        ("oos", "Forbidden.RAM", "grant it oos:RunIt."),
        ("oos", "NoPermission", "grant it oos:RunIt, and to assume the role"),
        ("oos", "InvalidInstance.NotFound", "as it says itself"),
        ("ecs", "InvalidInstance.NotFound", "ask again"),
    ],
)
def test_a_product_has_words_of_its_own(product: str, code: str, said: str) -> None:
    error = Refusal(code, "code: 400, as it says itself request id: R-1")
    failure = failures.explain(error, "RunIt", product)
    assert said in failure.reason
    assert (failure.kind, failure.code) == ("refused", code)


@pytest.mark.parametrize("product", ["ecs", "oos"])
@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("NoPermission", "check the role's trust policy"),
        ("Forbidden.RAM", "grant it sts:AssumeRole"),
        ("Other", "the role could not be assumed"),
    ],
)
def test_a_role_that_is_not_given(product: str, code: str, said: str) -> None:
    text = f'error refreshing credentials, http_code: 403, result: {{"Code":"{code}","x":"secret"}}'
    failure = failures.explain(CredentialException(text), "StartExecution", product)
    assert said in failure.reason
    assert "secret" not in failure.reason
    assert (failure.kind, failure.code) == ("refused", code)


def test_the_faults_of_a_template_are_said_at_length() -> None:
    error = Refusal("InvalidTemplate", f"code: 400, {'long ' * 400}")
    told = {p: len(failures.explain(error, "StartExecution", p).reason) for p in ("oos", "ecs")}
    assert 1000 < told["oos"] < 1100
    assert 300 < told["ecs"] < 400


# ----------------------------------------------------------------------------- who we are


def test_a_session_tells_the_request() -> None:
    assert openapi.session_name(ROLE, 7) == "countersign-7"
    assert openapi.session_name(ROLE, 0) == openapi.session_name(KEY, 7) == ""
    long = dataclasses.replace(ROLE, role_session_prefix="x" * 80)
    assert len(openapi.session_name(long, 7)) == 64
