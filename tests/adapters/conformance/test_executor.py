"""Each engine starts what was approved, once, and says what it knows of it."""

from __future__ import annotations

import base64
import dataclasses
import socket

import pytest

from adapters.openapi import AT_TAG, DIGEST_TAG, STEP_TAG
from bot import model
from bot.model import ports
from tests.adapters.aliyun_plans import KEY
from tests.adapters.conformance.chat import logged
from tests.adapters.conformance.executor import Stage
from tests.sandbox.aliyun_party import REGION

pytestmark = pytest.mark.usefixtures("hurry")

FAULTS = ["lose_answer", "hang_up", "html", "error"]
"""After each of them nobody knows what happened; after the first one it did."""


# ----------------------------------------------------------------------------- once


async def test_a_plan_is_started_with_its_token_and_tags(runs: Stage) -> None:
    effect = runs.engine.start()
    outcome = await runs.perform(effect)
    assert isinstance(outcome, model.Done)
    [run] = await runs.engine.runs(runs.party)
    assert run["id"] == outcome.ref
    assert run["token"] == effect.step.token
    assert run["tags"] == effect.tags
    assert (run["tags"][STEP_TAG], run["tags"][DIGEST_TAG]) == ("token-1", effect.digest)
    await runs.quiet()


async def test_the_same_step_twice_is_one_run(runs: Stage) -> None:
    effect = runs.engine.start()
    first = await runs.perform(effect)
    async with runs.another() as restarted:
        assert await restarted.perform(effect, model.Attempt(2)) == first
    assert await runs.perform(effect, uncertain=True) == first
    assert await runs.runs() == [first.ref]  # type: ignore[union-attr]
    assert isinstance(await runs.perform(runs.engine.start("token-2")), model.Done)
    assert len(await runs.runs()) == 2
    await runs.quiet()


@pytest.mark.parametrize("fault", [*FAULTS, "throttle"])
async def test_trouble_is_ridden_out_with_the_same_token(runs: Stage, fault: str) -> None:
    more = {"retry_after_ms": 5} if fault == "throttle" else {}
    await runs.party.fault(runs.engine.starting, fault, times=2, **more)
    outcome = await runs.perform(runs.engine.start())
    assert isinstance(outcome, model.Done)
    assert await runs.runs() == [outcome.ref]
    assert [call["request"]["ClientToken"] for call in await runs.calls()] == ["token-1"] * 3
    await runs.quiet()


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_may_have_happened_is_unknown_until_it_is_looked_up(
    runs: Stage, fault: str
) -> None:
    """By a process that knows no more than that; what is there is not started again."""
    effect = runs.engine.start()
    await runs.party.fault(runs.engine.starting, fault, times=99)
    lost = await runs.perform(effect)
    assert isinstance(lost, model.Unknown)
    assert lost.token == "token-1"
    happened = await runs.runs()
    assert len(happened) == (fault == "lose_answer")
    await runs.party.clear_faults()
    sent = len(await runs.calls())
    async with runs.another() as restarted:
        outcome = await restarted.perform(effect, model.Attempt(2, uncertain=True))
    assert isinstance(outcome, model.Done)
    assert await runs.runs() == [outcome.ref]
    assert len(await runs.calls()) == sent + (fault != "lose_answer")
    await runs.quiet()


async def test_an_answer_that_comes_too_late_is_a_lost_one(runs: Stage) -> None:
    await runs.party.fault(runs.engine.starting, "slow", times=99, seconds=30)
    effect = runs.engine.start()
    async with runs.another(call_timeout=0.1) as hurried:
        outcome = await hurried.perform(effect, model.Attempt())
    assert isinstance(outcome, model.Unknown)
    assert "in time" in outcome.reason
    await runs.party.clear_faults()
    runs.party.clock.advance(60)
    found = await runs.perform(effect, uncertain=True)
    assert isinstance(found, model.Done)
    assert await runs.runs() == [found.ref]
    await runs.quiet()


async def test_no_try_begins_too_late(runs: Stage) -> None:
    await runs.party.fault(runs.engine.starting, "slow", times=99, seconds=30)
    async with runs.another(connect_timeout=0.12, call_timeout=0.2) as hurried:
        outcome = await hurried.perform(runs.engine.start(), model.Attempt())
    assert isinstance(outcome, model.Unknown)
    assert len(await runs.calls()) == 2
    runs.party.clock.advance(60)
    await runs.quiet()


async def test_a_token_that_the_platform_forgot_is_found_by_its_tag(runs: Stage) -> None:
    """It would start it again. So is one of which the record says that it was never sent: the
    record may be that of a store that was put back."""
    effect = runs.engine.start()
    first = await runs.perform(effect)
    await runs.quiet()
    await runs.later(3600)
    assert await runs.perform(effect, uncertain=True) == first
    assert await runs.perform(effect) == first
    assert len(await runs.runs()) == 1
    never = runs.engine.start("token-2")
    old = dataclasses.replace(never, tags={**never.tags, AT_TAG: effect.tags[AT_TAG]})
    assert isinstance(await runs.perform(old), model.Done), "it never was"
    assert len(await runs.runs()) == 2
    await runs.quiet()


async def test_a_run_of_an_earlier_release_is_found_by_the_short_code(runs: Stage) -> None:
    effect = runs.engine.start()
    tags = {**effect.tags, DIGEST_TAG: model.short(effect.digest)}
    effect = dataclasses.replace(effect, tags=tags)
    done = await runs.perform(effect)
    assert isinstance(done, model.Done)
    assert await runs.perform(effect, uncertain=True) == done
    assert await runs.runs() == [done.ref]
    await runs.quiet()


@pytest.mark.parametrize("noted", ["", "yesterday", "old"])
async def test_in_doubt_without_trace_or_age_a_person_decides(runs: Stage, noted: str) -> None:
    effect = runs.engine.start()
    if noted == "old":
        runs.clock.ahead = 601
    else:
        effect = dataclasses.replace(effect, tags={**effect.tags, AT_TAG: noted})
    assert isinstance(await runs.perform(effect, uncertain=True), model.Unknown)
    assert await runs.calls() == []


async def test_in_doubt_and_young_it_is_sent_again(runs: Stage) -> None:
    outcome = await runs.perform(runs.engine.start(), uncertain=True)
    assert isinstance(outcome, model.Done)
    assert await runs.runs() == [outcome.ref]
    await runs.quiet()


async def test_where_only_a_look_is_asked_for_nothing_is_started(runs: Stage) -> None:
    effect = runs.engine.start()
    look = dataclasses.replace(effect, lookup=True)
    missing = await runs.perform(look)
    assert isinstance(missing, model.Unknown)
    assert await runs.calls() == []
    done = await runs.perform(effect)
    assert await runs.perform(look) == done
    assert len(await runs.calls()) == 1
    await runs.quiet()


@pytest.mark.parametrize("fault", ["error", "throttle", "html", "hang_up"])
async def test_in_doubt_a_failed_look_decides_nothing(runs: Stage, fault: str) -> None:
    await runs.party.fault(runs.engine.looking, fault, times=9)
    assert isinstance(await runs.perform(runs.engine.start(), uncertain=True), model.Unknown)
    assert await runs.calls() == []


async def test_in_doubt_throttling_decides_nothing(runs: Stage) -> None:
    """Neither of a try before, nor of one of the same minute."""
    await runs.party.fault(runs.engine.starting, "throttle", times=3, retry_after_ms=5)
    assert isinstance(await runs.perform(runs.engine.start(), uncertain=True), model.Unknown)
    await runs.party.clear_faults()
    await runs.party.fault(runs.engine.starting, "lose_answer")
    await runs.party.fault(runs.engine.starting, "throttle", times=99, retry_after_ms=5)
    assert isinstance(await runs.perform(runs.engine.start("token-2")), model.Unknown)
    await runs.quiet()


async def test_refused_after_a_lost_answer_is_looked_up(runs: Stage) -> None:
    await runs.party.fault(runs.engine.starting, "lose_answer")
    await runs.party.fault(
        runs.engine.starting, "error", times=99, status=403, code="Forbidden.RAM"
    )
    outcome = await runs.perform(runs.engine.start())
    assert isinstance(outcome, model.Done)
    assert await runs.runs() == [outcome.ref]
    await runs.quiet()


async def test_the_run_of_another_plan_is_never_taken_for_ours(runs: Stage) -> None:
    """Neither by its token nor, in doubt, by its tag."""
    await runs.perform(runs.engine.start())
    other = runs.engine.start(**runs.engine.other)
    for uncertain in (False, True):
        outcome = await runs.perform(other, uncertain)
        assert isinstance(outcome, model.Unknown)
        assert "another plan" in outcome.reason
    assert len(await runs.runs()) == 1
    await runs.quiet()


# ----------------------------------------------------------------------------- not sent, refused


async def test_throttled_is_not_sent_and_says_when_to_come_again(runs: Stage) -> None:
    await runs.party.fault(runs.engine.starting, "throttle", times=99, retry_after_ms=7)
    assert isinstance(await runs.perform(runs.engine.start()), model.NotSent)
    assert await runs.runs() == []
    await runs.party.clear_faults()
    sent = len(await runs.calls())
    await runs.party.fault(runs.engine.starting, "throttle", retry_after_ms=60_000)
    outcome = await runs.perform(runs.engine.start())
    assert outcome == model.NotSent(outcome.reason, 60.0)  # type: ignore[union-attr]
    assert len(await runs.calls()) == sent + 1, "a long pause is left to the caller"


async def test_trouble_before_the_start_is_not_sent(runs: Stage) -> None:
    await runs.party.fault(runs.engine.before, "error", times=99)
    outcome = await runs.perform(runs.engine.start())
    assert outcome == model.NotSent(outcome.reason)  # type: ignore[union-attr]
    assert await runs.calls() == []


async def test_where_nobody_listens_nothing_was_sent(runs: Stage) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{held.getsockname()[1]}"
        async with runs.engine.executor(nowhere, runs.clock) as astray:
            outcome = await astray.perform(runs.engine.start(), model.Attempt())
            assert outcome == model.NotSent(outcome.reason)  # type: ignore[union-attr]
            with pytest.raises(ports.PollFailed):
                await astray.poll(REGION, "batch-1", ["run-1"])
            with pytest.raises(ports.PollFailed):
                await astray.tokens(REGION, "0" * 64)


async def test_a_refusal_says_what_to_do(runs: Stage) -> None:
    """By our own words where the code is known, else by the platform's."""
    await runs.party.fault(runs.engine.starting, "error", status=403, code="Forbidden.RAM")
    outcome = await runs.perform(runs.engine.start())
    assert isinstance(outcome, model.Refused)
    assert outcome.code == "Forbidden.RAM"
    assert runs.engine.permission in outcome.reason
    more = {"status": 403, "code": "Odd.One", "message": "It is odd."}
    await runs.party.fault(runs.engine.starting, "error", **more)
    outcome = await runs.perform(runs.engine.start())
    assert isinstance(outcome, model.Refused)
    assert "It is odd." in outcome.reason
    assert len(await runs.calls()) == 2
    assert await runs.runs() == []


@pytest.mark.parametrize(
    ("change", "words"), [({"key_secret": "wrong"}, "secret"), ({"key_id": "LTAIno"}, "key id")]
)
async def test_wrong_keys_are_a_refusal(runs: Stage, change: dict[str, str], words: str) -> None:
    async with runs.another(credentials=dataclasses.replace(KEY, **change)) as mistaken:
        outcome = await mistaken.perform(runs.engine.start(), model.Attempt())
    assert isinstance(outcome, model.Refused)
    assert words in outcome.reason


@pytest.mark.parametrize("uncertain", [False, True])
async def test_another_plan_than_the_approved_one_is_not_sent(runs: Stage, uncertain: bool) -> None:
    """Nothing at all is asked of the platform."""
    good = runs.engine.start()
    step = dataclasses.replace(good.step, token="é")
    refused = {
        "DigestMismatch": dataclasses.replace(
            good, plan=runs.engine.start(**runs.engine.other).plan
        ),
        "Engine": runs.engine.start(engine="another"),
        "ClientToken": dataclasses.replace(good, step=step),
        "UnsafeParameter": runs.engine.start(parameters={"who": "{{ oos-secret:db }}"}),
    }
    unsigned = dataclasses.replace(good, digest="")
    for code, effect in [*refused.items(), ("DigestMismatch", unsigned)]:
        outcome = await runs.perform(effect, uncertain)
        assert isinstance(outcome, model.Refused), code
        assert outcome.code == code
        assert outcome.reason
    assert runs.party.journal == []


async def test_what_is_another_engine_s_is_refused(runs: Stage) -> None:
    for effect in runs.engine.foreign:
        outcome = await runs.perform(effect)
        assert isinstance(outcome, model.Refused)
        assert outcome.code == "unsupported"
    assert runs.party.journal == []


async def test_what_is_too_long_for_the_platform_is_refused(runs: Stage) -> None:
    plan = runs.engine.script("x" * runs.engine.too_long)
    outcome = await runs.perform(runs.engine.start(**plan))
    assert isinstance(outcome, model.Refused), outcome
    assert outcome.reason
    assert await runs.runs() == []


# ----------------------------------------------------------------------------- stopping, looking


async def test_a_stop_said_again_or_of_nothing_is_done(runs: Stage) -> None:
    effect = await runs.started()
    [run] = await runs.runs()
    instances = tuple(instance.id for instance in effect.plan.instances)
    stop = model.StopRun(7, REGION, run, instances, runs.engine.name)
    await runs.party.fault(runs.engine.stopping, "lose_answer")
    assert await runs.perform(stop) == model.Done(run)
    assert await runs.perform(stop, uncertain=True) == model.Done(run)
    await runs.quiet()
    gone = dataclasses.replace(stop, invocation="nothing-1")
    assert await runs.perform(gone) == model.Done("nothing-1")


async def test_a_stop_that_fails_is_said_again(runs: Stage) -> None:
    effect = await runs.started()
    [run] = await runs.runs()
    instances = tuple(instance.id for instance in effect.plan.instances)
    stop = model.StopRun(7, REGION, run, instances, runs.engine.name)
    await runs.party.fault(runs.engine.stopping, "error", times=3)
    assert isinstance(await runs.perform(stop), model.NotSent)
    await runs.party.fault(runs.engine.stopping, "error", status=403, code="Forbidden.RAM")
    refused = await runs.perform(stop)
    assert isinstance(refused, model.Refused)
    assert runs.engine.stopping in refused.reason
    assert await runs.perform(stop) == model.Done(run)
    await runs.quiet()


async def test_what_is_polled_is_ours_and_there(runs: Stage) -> None:
    """One that is not known is absent, and a failed look says when to come again."""
    await runs.started()
    [run] = await runs.runs()
    poll = runs.executor.poll
    assert set(await poll(REGION, "batch-1", [run, "nothing-1"])) == {run}
    assert set(await poll(REGION, "batch-1", [])) == set()
    await runs.party.fault(runs.engine.reading, "throttle", retry_after_ms=9000)
    with pytest.raises(ports.PollFailed) as failed:
        await poll(REGION, "batch-1", [run])
    assert failed.value.retry_after == 9.0
    await runs.party.fault(runs.engine.reading, "html", times=3)
    with pytest.raises(ports.PollFailed):
        await poll(REGION, "batch-1", [run])
    assert set(await poll(REGION, "batch-1", [run])) == {run}
    stop = model.StopRun(7, REGION, run, (), runs.engine.name)
    assert isinstance(await runs.perform(stop), model.Done)
    await runs.quiet()


async def test_what_was_started_by_a_plan_is_found_by_its_digest(runs: Stage) -> None:
    effect = runs.engine.start()
    assert await runs.executor.tokens(REGION, effect.digest) == []
    await runs.perform(effect)
    await runs.perform(runs.engine.start("token-2", **runs.engine.other))
    assert await runs.executor.tokens(REGION, effect.digest) == ["token-1"]
    more = {"status": 403, "code": "Forbidden.RAM"}
    await runs.party.fault(runs.engine.looking, "error", times=9, **more)
    with pytest.raises(ports.PollFailed):
        await runs.executor.tokens(REGION, "0" * 64)
    await runs.quiet()


async def test_where_says_which_call_on_which_host(runs: Stage) -> None:
    host = runs.party.base_url
    for effect, api in (
        (runs.engine.start(), runs.engine.starting),
        (model.StopRun(7, REGION, "x", (), runs.engine.name), runs.engine.stopping),
        (REGION, runs.engine.reading),
    ):
        assert runs.executor.where(effect) == f"{runs.engine.name.upper()} {api} ({host})"


# ----------------------------------------------------------------------------- discretion


async def test_no_secret_and_no_script_in_any_log(
    runs: Stage,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DEBUG", "sdk")
    script = "very-secret-script"
    with caplog.at_level("DEBUG"):
        async with runs.another() as fresh:
            plan = runs.engine.script(script)
            await fresh.perform(runs.engine.start(**plan), model.Attempt())
            await runs.party.fault(runs.engine.starting, "hang_up", times=99)
            outcome = await fresh.perform(runs.engine.start("token-2", **plan), model.Attempt())
            print(fresh.settings)  # type: ignore[attr-defined]
    said = logged(caplog.records) + "".join(capfd.readouterr()) + repr(outcome)
    for secret in (KEY.key_secret, "Signature=", "very-secret"):
        assert secret not in said
        assert base64.b64encode(secret.encode()).decode().rstrip("=") not in said
    assert f"{runs.engine.starting} at http://127.0.0.1" in said
    await runs.quiet()


@pytest.mark.parametrize("name", ["HTTP_PROXY", "https_proxy"])
async def test_a_proxy_is_not_asked_for_this_machine(
    runs: Stage, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with runs.another() as fresh:
        assert isinstance(await fresh.perform(runs.engine.start(), model.Attempt()), model.Done)
    await runs.quiet()
