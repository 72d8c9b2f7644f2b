"""What tells one request from another: codes, tokens and keys, also where numbers come again."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import model, policy
from bot.core import decision, terms
from bot.store import codec
from tests import stores
from tests.bot import run_stage, stage

SECRET = "4711"


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[stage.Stage]:
    found = stage.Stage(tmp_path)
    yield found
    found.close()


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[run_stage.RunStage]:
    found = run_stage.RunStage(tmp_path)
    yield found
    found.close()


def plan_of(scene: stage.Stage, number: int) -> model.Plan:
    plan = scene.request(number).plan
    assert plan is not None
    return plan


def test_the_same_plan_asked_for_twice_has_two_codes(scene: stage.Stage) -> None:
    codes = {scene.planned("alice", "restart web-01").code for _ in range(3)}
    assert len(codes) == 3


def test_the_code_of_one_request_is_no_vote_for_its_twin(scene: stage.Stage) -> None:
    first, second = (scene.planned("alice", "restart web-01") for _ in range(2))
    scene.click("bob", second.id, "approve", first.code)
    assert not scene.read(lambda reader: reader.votes(second.id))


@pytest.mark.parametrize(
    "change",
    [
        {"policies": {"any": policy.Policy("any", ("dave",))}},
        {"commands": {"restart": policy.CommandRule("any", "medium", most_targets=1)}},
        {"commands": {"restart": policy.CommandRule("any", "medium", allowed_targets=("db-*",))}},
        {"commands": {"restart": policy.CommandRule("any", "medium", drift="intersect")}},
        {"patterns": ()},
    ],
    ids=["policy", "most_targets", "allowed_targets", "drift", "patterns"],
)
def test_what_was_voted_on_beside_the_plan_is_in_its_code(
    scene: stage.Stage, change: dict[str, object]
) -> None:
    """The terms as another configuration would have them make another digest."""
    request = scene.planned("alice", "restart web-01")
    assert request.plan is not None
    deployment = dataclasses.replace(
        scene.deployment, book=dataclasses.replace(scene.deployment.book, **change)
    )
    view = model.View(next_request=9, audit_seq=0, installation="x", request=request)
    again = terms.complete(
        decision.DecisionBuilder(scene.deployment, view, stage.START), request.plan
    )
    other = terms.complete(decision.DecisionBuilder(deployment, view, stage.START), request.plan)
    assert model.digest(again) == request.digest
    assert model.digest(other) != request.digest


def test_a_hidden_value_is_not_found_by_trying_values_until_the_digest_fits(
    runs: run_stage.RunStage,
) -> None:
    request = runs.planned("alice", f"gate note=hello password={SECRET}")
    plan = plan_of(runs, request.id)
    assert plan.parameters["password"] == SECRET
    for number in range(10_000):
        guess = {**plan.parameters, "password": f"{number:04}"}
        tried = dataclasses.replace(plan, parameters=guess)
        plain = dataclasses.replace(tried, sealed=model.seals(tried, b""))
        if f"{number:04}" == SECRET:
            old = dataclasses.replace(tried, format=1)
            assert request.digest not in (model.digest(old), model.digest(plain))
        elif number % 97 == 0:
            assert model.digest(tried) == request.digest, "the value itself is not in the digest"


def test_the_same_hidden_value_in_two_requests_cannot_be_seen_to_be_the_same(
    runs: run_stage.RunStage,
) -> None:
    plans = [plan_of(runs, runs.planned("alice", f"gate password={SECRET}").id) for _ in range(2)]
    assert plans[0].sealed["password"] != plans[1].sealed["password"]


def test_a_hidden_value_that_was_changed_is_not_what_was_approved(
    runs: run_stage.RunStage,
) -> None:
    plan = plan_of(runs, runs.planned("alice", f"gate password={SECRET}").id)
    assert model.intact(plan, runs.deployment.key)
    swapped = dataclasses.replace(plan, parameters={**plan.parameters, "password": "other"})
    assert not model.intact(swapped, runs.deployment.key)
    assert not model.intact(plan, b"another key")


@pytest.mark.parametrize("text", [f"gate password={SECRET}", "gate"])
def test_with_another_key_a_request_with_hidden_values_is_not_run(
    runs: run_stage.RunStage, text: str
) -> None:
    """The key was lost while it was open; what hides nothing is not concerned."""
    request = runs.planned("alice", text)
    runs.deployment = dataclasses.replace(runs.deployment, key=b"another")
    runs.approve("bob")
    runs.work()
    for who in ("bob", "carol"):
        runs.approve(who)
    told = stage.said(runs.work())
    ended = runs.request(request.id)
    plan = plan_of(runs, request.id)
    if plan.parameters["password"]:
        assert not runs.made("ActNow")
        assert "key of this installation" in "\n".join([*told, ended.note])
        assert SECRET not in "\n".join([*told, ended.note])
    else:
        assert runs.made("ActNow")


def test_no_hidden_value_can_be_found_from_what_rules_and_the_log_are_told(
    runs: run_stage.RunStage,
) -> None:
    """Every text of 64 hex digits in the log is tried on every value of four digits."""
    runs.planned("alice", f"gate note=hello password={SECRET}")
    plan = plan_of(runs, 1)
    told = runs.read(lambda reader: [str(row.facts) for row in reader.chain()])
    assert SECRET not in "".join(told)
    digests = {one for text in told for one in re.findall("[0-9a-f]{64}", text)}
    assert digests
    guesses = [SECRET, *(f"{number:04}" for number in range(0, 10_000, 7))]
    for guess in guesses:
        tried = dataclasses.replace(plan, parameters={**plan.parameters, "password": guess})
        unsealed = dataclasses.replace(tried, sealed={})
        seals = dataclasses.replace(tried, sealed=model.seals(tried, b""))
        old = dataclasses.replace(tried, format=1)
        assert not digests & {model.digest(one) for one in (unsealed, seals, old)}


# ----------------------------------------------------------------------------- restored stores


def keys_of(scene: stage.Stage, number: int) -> list[str]:
    """Everything by which platforms tell one thing of a request from another."""
    told = scene.read(
        lambda reader: [
            row[0]
            for row in reader.connection.execute(
                "SELECT body FROM outbox WHERE request = ?", (number,)
            )
        ]
    )
    found: list[str] = []
    for body in told:
        match codec.decode(codec.effect, body):
            case model.Say(key=key) | model.ShowCard(key=key):
                found.append(key)
            case model.StartRun() as start:
                found += [start.step.token, start.name, start.tags["countersign-digest"]]
            case model.RunCall(token=token):
                found.append(token)
    return found


@pytest.mark.parametrize("text", ["restart web-01 reason=leak", "fleet targets=web-01"])
def test_a_number_that_is_given_out_again_meets_nothing_of_the_old_request(
    tmp_path: Path, text: str
) -> None:
    """However the file came back: here it was copied before the request was made."""
    (tmp_path / "a").mkdir()
    scene = run_stage.RunStage(tmp_path / "a")
    scene.close()
    stores.copied(scene.path, tmp_path / "before.db")
    scene = run_stage.RunStage(tmp_path / "a")

    def play(scene: run_stage.RunStage) -> list[str]:
        request = scene.planned("alice", text)
        assert request.id == 1
        scene.click("bob", 1, "approve", request.code)
        scene.work()
        scene.observe(1)
        scene.work()
        assert scene.request(1).state is model.State.SUCCEEDED
        return keys_of(scene, 1)

    first = play(scene)
    scene.close()
    stores.copied(tmp_path / "before.db", scene.path)
    scene = run_stage.RunStage(tmp_path / "a")
    second = play(scene)
    scene.close()
    assert len(first) == len(second) >= 4
    assert not set(first) & set(second)
    assert all(len(key) <= 64 for key in (*first, *second) if key.startswith("cs-"))


def test_a_request_approved_again_in_a_restored_store_does_not_adopt_the_old_run(
    tmp_path: Path,
) -> None:
    """The file was copied while the request was open; in the time that was lost, it ran."""
    (tmp_path / "a").mkdir()
    scene = stage.Stage(tmp_path / "a")
    request = scene.planned("alice", "restart web-01")
    scene.close()
    stores.copied(scene.path, tmp_path / "before.db")
    scene = stage.Stage(tmp_path / "a")
    scene.count = 10
    tokens: list[str] = []
    said: list[str] = []
    for _ in range(2):
        scene.click("bob", 1, "approve", request.code)
        done = scene.work()
        tokens += [one.step.token for one in done if isinstance(one, model.StartRun)]
        scene.observe(1)
        said += [one.key for one in scene.work() if isinstance(one, model.Say)]
        scene.close()
        stores.copied(tmp_path / "before.db", scene.path)
        scene = stage.Stage(tmp_path / "a")
    scene.close()
    assert len(set(tokens)) == 2
    assert len(set(said)) == len(said) >= 2
