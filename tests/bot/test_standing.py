"""Standing approvals: their bounds, whose agreement they take, and the requests that they cover."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import model, policy, regexes, store
from bot.cards import request_card
from bot.cli import policy_replay
from bot.commands import loader
from bot.policy import calendar, standing
from bot.policy.when import Hours, When
from bot.store.sql import forgetting, takeover
from bot.store.sql.check import chain
from tests.bot import configured
from tests.bot import stage as stages
from tests.bot.configured import change
from tests.bot.run_stage import RunStage
from tests.bot.stage import CHAT, PLATFORM, START, said
from tests.bot.test_humans import approve, edit, moved
from tests.properties import examples

State = model.State
WEB = model.Instance("i-00000001", "web-01", tags=(("env", "prod"),))


def bounds(**changes: Any) -> model.StandingBounds:
    usual = model.StandingBounds(
        "restart",
        ("i-00000001", "i-00000002"),
        (),
        {"service": ("nginx",)},
        ("targets", "reason"),
        "",
        PLATFORM,
        CHAT,
        "",
    )
    return dataclasses.replace(usual, **changes)


# ----------------------------------------------------------------------------- bounds


@pytest.mark.parametrize(
    ("patterns", "value", "fit"),
    [
        ({"service": ("nginx",)}, "nginx", True),
        ({"service": ("nginx",)}, "nginx2", False),
        ({"service": ("ng*",)}, "nginx", True),
        ({"service": ("ng?nx",)}, "nginx", True),
        ({"service": ("ng*",)}, "apache", False),
        ({"service": ("[n]ginx",)}, "nginx", False),
        ({"service": ("a", "b")}, ["a", "b"], True),
        ({"service": ("a", "b")}, ["b", "a"], False),
        ({"service": ("a*",)}, ["a1", "a2"], True),
        ({"service": ("a*",)}, ["a1", "b2"], False),
        ({"service": ("a*",)}, [], False),
        ({"service": ("true",)}, True, True),
        ({"service": ()}, None, True),
        ({"service": ("",)}, "", True),
        ({"service": ("",)}, None, False),
        ({}, "nginx", False),
        ({"service": ("nginx",), "other": ("x",)}, "nginx", False),
    ],
)
def test_values_fit_their_patterns(patterns: dict[str, Any], value: object, fit: bool) -> None:
    values = {"service": value, "reason": "why", "targets": ["web-01"]}
    assert standing.has_values(bounds(values=patterns), values) is fit


PARTS = st.lists(st.sampled_from(["a", "b", "ab", "*", "a*", "?", "", "[a]"]), max_size=3)


@settings(max_examples=examples(300))
@given(PARTS, PARTS)
def test_patterns_are_as_a_naive_reading_has_them(patterns: list[str], parts: list[str]) -> None:
    def fits(pattern: str, text: str) -> bool:
        return fnmatchcase(text, "".join(f"[{c}]" if c == "[" else c for c in pattern))

    if len(patterns) == 1 and set(patterns[0]) & {"*", "?"}:
        wanted = parts != [] and not [part for part in parts if not fits(patterns[0], part)]
    else:
        wanted = len(patterns) == len(parts) and all(map(fits, patterns, parts))
    assert standing.fits(patterns, parts) is wanted


def test_each_target_is_one_of_the_instances_or_has_a_tag() -> None:
    other = model.Instance("i-9", tags=(("env", "test"),))
    both = bounds(instances=("i-9",), tags=(("env", "prod"),))
    assert standing.has_targets(both, (WEB, other))
    assert not standing.has_targets(dataclasses.replace(both, tags=()), (WEB, other))
    assert not standing.has_targets(dataclasses.replace(both, instances=()), (WEB, other))
    assert standing.has_targets(bounds(instances=()), ())


# ----------------------------------------------------------------------------- whose agreement

ANY = policy.Policy("any", ("bob", "carol", "erin"), standing=True)
TWO = policy.Policy("two", ("bob", "carol", "erin"), mode="count", count=2, standing=True)
STRICT = policy.Policy("strict", ("erin",))
USUAL = standing.Widest(bounds(), "any", "ops", frozenset({"dev"}), False, "medium", 2)


def table(name: str = "two", **keys: Any) -> When:
    return When(name, "because", **keys)


@pytest.mark.parametrize(
    ("when", "widest", "policies"),
    [
        (table(), {}, "any two"),
        (table("strict"), {}, "standing.policy"),
        (table(commands=("run",)), {}, "any"),
        (table(groups=frozenset({"else"})), {}, "any"),
        (table(roles=frozenset({"sre"})), {}, "any"),
        (table(roles=frozenset({"sre"})), {"others": True}, "any two"),
        (table("strict", roles=frozenset({"sre"})), {"others": True}, "any"),
        (table(risk=frozenset({"medium"})), {}, "any two"),
        (table("strict", risk=frozenset({"medium"})), {}, "standing.policy"),
        (table(more_targets_than=2), {}, "any"),
        (table(more_targets_than=1), {}, "any two"),
        (table("strict", more_targets_than=1), {}, "any"),
        (table(values={"service": ("ng*",)}), {}, "any two"),
        (table(values={"service": ("sshd",)}), {}, "any"),
        (table(values={"service": ("sshd",)}), {"values": {"service": ("s*",)}}, "any two"),
        (table(tags=(("env", "prod"),)), {}, "any two"),
        (table("strict", tags=(("env", "prod"),)), {}, "any"),
        (
            table("strict", tags=(("env", "prod"),)),
            {"instances": (), "tags": (("env", "prod"),)},
            "standing.policy",
        ),
        (table(hours=(Hours.read("Sat,Sun"),)), {}, "any two"),
        (table("strict", hours=(Hours.read("Sat,Sun"),)), {}, "any"),
        (table(regex=regexes.compiled("x"), where=frozenset({"text"})), {}, "any"),
        (table(risk=frozenset({"low"}), more_targets_than=1, any_of=True), {}, "any two"),
        (table(risk=frozenset({"low"}), more_targets_than=1), {}, "any"),
    ],
)  # fmt: skip
def test_it_takes_the_agreement_to_the_widest_that_it_allows(
    when: When, widest: dict[str, Any], policies: str
) -> None:
    known = {one.name: one for one in (ANY, TWO, STRICT)}
    book = stages.book(policies=known, when=(when,))
    changes = {key: widest.pop(key) for key in ("others",) if key in widest}
    asked = dataclasses.replace(USUAL, bounds=bounds(**widest), **changes)
    verdict = standing.needs_of(book, asked)
    said = verdict.refusal.key if verdict.refusal else " ".join(verdict.policies)
    assert said == policies


def test_a_policy_that_does_not_say_so_takes_no_standing_approval() -> None:
    verdict = standing.needs_of(stages.book(), USUAL)
    assert verdict.refusal == policy.Refusal("standing.policy", {"policy": "any"})


# ----------------------------------------------------------------------------- uses


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[RunStage]:
    made = RunStage(tmp_path)
    book = made.deployment.book
    dev = policy.Role("dev", frozenset({"restart", "provision", "standing"}))
    edit(
        made,
        policies=book.policies | {"any": ANY, "two": TWO},
        roles=book.roles | {"dev": dev},
        commands={**book.commands, "standing": policy.CommandRule("any", "high")},
    )
    yield made
    made.close()


USUAL_LINE = "standing restart i-00000001 i-00000002 until 2026-02-04 uses=2 {} a leak"


def put(stage: RunStage, more: str = "", line: str = USUAL_LINE) -> int:
    """Alice asks for a standing approval, and bob approves it; returns its number."""
    request = stage.planned("alice", line.format(more))
    for _ in range(2):  # the whole plan may have to be read first
        approve(stage, "bob", request.id)
        stage.work()
    assert stage.request(request.id).state is State.SUCCEEDED, stage.request(request.id).note
    return request.id


def uses(stage: RunStage, number: int) -> int:
    count = "SELECT uses FROM standing WHERE request = ?"
    return stage.read(lambda reader: reader.connection.execute(count, (number,)).fetchone()[0])


def asked(stage: RunStage, text: str, who: str = "alice") -> tuple[model.Request, list[str]]:
    """What became of a request, and all that was said meanwhile."""
    stage.ask(who, text)
    words = said(stage.work())
    return stage.read(lambda reader: reader.recent_requests(1))[0], words


def test_what_is_within_the_bounds_runs_at_once_and_says_by_what(stage: RunStage) -> None:
    number = put(stage)
    request, _ = asked(stage, "restart web-01 reason=again")
    assert request.state is State.RUNNING
    votes = stage.read(lambda reader: reader.votes(request.id))
    assert [(vote.person, vote.via) for vote in votes] == [("bob", "standing")]
    assert request.standing is not None
    assert (request.standing.number, request.standing.use, uses(stage, number)) == (number, 1, 1)
    rows = stage.read(lambda reader: list(reader.chain()))
    (entry,) = [row for row in rows if row.action == "standing.used"]
    assert entry.facts["by"] == ["bob"]
    card = request_card(stage.deployment, request, votes)
    text = "\n".join(span.text for b in card.blocks for _, spans in b.rows for span in spans)
    assert f"#{number} of Alice, until 2026-02-05 00:00 (UTC), use 1 of 2" in text
    assert f"standing approval #{number}" in text
    findings = stage.read(lambda reader: list(chain.findings(reader.connection)))
    assert findings == []


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("restart web-03 reason=x", "alice"),
        ("restart web-01 web-03 reason=x", "alice"),
        ("restart web-01 service=sshd reason=x", "alice"),
        ("restart web-01 reason=x", "carol"),
    ],
)
def test_what_is_outside_is_put_to_the_vote(stage: RunStage, text: str, who: str) -> None:
    number = put(stage)
    request, _ = asked(stage, text, who)
    assert (request.state, request.standing, uses(stage, number)) == (State.PENDING, None, 0)


def test_uses_and_days_end(stage: RunStage) -> None:
    put(stage)
    for name in ("web-01", "web-02"):
        assert asked(stage, f"restart {name} reason=x")[0].state is State.RUNNING
    assert asked(stage, "restart web-01 web-02 reason=x")[0].state is State.PENDING
    number = put(stage)
    stage.clock.time = START + timedelta(days=30, hours=15)
    assert asked(stage, "restart web-01 reason=y")[0].state is State.PENDING
    assert uses(stage, number) == 0


def test_of_two_at_once_one_has_the_last_use(stage: RunStage) -> None:
    number = put(stage, line=USUAL_LINE.replace("uses=2", "uses=1"))
    stage.ask("alice", "restart web-01 reason=x")
    stage.ask("alice", "restart web-02 reason=x")
    stage.work()
    both = stage.read(lambda reader: reader.recent_requests(2))
    assert sorted(one.state for one in both) == [State.PENDING, State.RUNNING]
    assert uses(stage, number) == 1


def test_a_role_may_use_it_and_its_voters_do_not_count_for_themselves(stage: RunStage) -> None:
    put(stage, "for role:sre")
    assert asked(stage, "restart web-01 reason=x", "carol")[0].state is State.RUNNING
    assert asked(stage, "restart web-02 reason=x", "alice")[0].state is State.PENDING
    request, _ = asked(stage, "restart web-02 reason=x", "bob")
    assert request.state is State.PENDING
    assert stage.read(lambda reader: reader.votes(request.id)) == ()


def leaves(stage: RunStage) -> None:
    policies = stage.deployment.book.policies
    edit(stage, policies=policies | {"any": dataclasses.replace(ANY, approvers=("carol", "erin"))})


def changes_hands(stage: RunStage) -> None:
    moved(stage, (PLATFORM, "u-bob"), "alice")


def runs_as_root(stage: RunStage) -> None:
    edit(stage, commands={"restart": policy.CommandRule("any", "medium", user="root")})


def forbids_it(stage: RunStage) -> None:
    strict = dataclasses.replace(ANY, standing=False)
    edit(stage, policies=stage.deployment.book.policies | {"any": strict})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (leaves, "no longer suffice"),
        (changes_hands, "no longer suffice"),
        (runs_as_root, "has changed"),
    ],
)
def test_what_has_changed_since_suspends_it_and_is_said(
    stage: RunStage, change: Any, words: str
) -> None:
    number = put(stage)
    change(stage)
    request, told = asked(stage, "restart web-01 reason=x")
    assert (request.state, request.standing, uses(stage, number)) == (State.PENDING, None, 0)
    assert any(words in text and f"#{number}" in text for text in told), told


def test_further_needs_that_its_votes_do_not_fill_go_to_the_vote(stage: RunStage) -> None:
    number = put(stage)
    edit(stage, when=(table(more_targets_than=1),))
    assert asked(stage, "restart web-01 reason=x")[0].state is State.RUNNING
    request, _ = asked(stage, "restart web-01 web-02 reason=x")
    assert (request.state, uses(stage, number)) == (State.PENDING, 2)
    assert "already" in approve(stage, "bob", request.id)
    approve(stage, "carol", request.id)
    assert stage.request(request.id).state is State.APPROVED


def test_with_a_policy_that_allows_none_they_vote_on_the_request_itself(stage: RunStage) -> None:
    strict = policy.Policy("strict", ("bob",))
    book = stage.deployment.book
    put(stage)
    edit(stage, policies=book.policies | {"strict": strict}, when=(table("strict"),))
    request, _ = asked(stage, "restart web-01 reason=x")
    assert request.state is State.PENDING
    approve(stage, "bob", request.id)
    assert stage.request(request.id).state is State.APPROVED


FREEZE = calendar.Period(
    "release", calendar.Times("UTC", end=(START + timedelta(hours=1)).replace(tzinfo=None)), "why"
)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (leaves, "standing.votes"),
        (runs_as_root, "standing.changed"),
        (forbids_it, "authority.votes"),
    ],
)
def test_it_is_judged_anew_when_the_run_starts(stage: RunStage, change: Any, key: str) -> None:
    put(stage)
    edit(stage, freezes=(FREEZE,))
    request, _ = asked(stage, "restart web-01 reason=x")
    assert request.scheduled
    change(stage)
    edit(stage, freezes=())
    stage.tick(3600)
    stage.work()
    request = stage.request(request.id)
    assert request.state is State.NOT_STARTED, request.state
    rows = stage.read(lambda reader: list(reader.chain()))
    assert [r.facts["reason"] for r in rows if r.action == "request.not_started"] == [key]


# ----------------------------------------------------------------------------- what is kept


def test_a_store_that_was_put_back_knows_no_standing_approval_in_force(stage: RunStage) -> None:
    number = put(stage)

    def restored(writer: store.Writer) -> None:
        takeover.take_up(
            writer, takeover.contents_of(writer.connection), None, "op", "restore", START
        )

    stage.loop.run_until_complete(stage.engine.write(restored))
    assert asked(stage, "restart web-01 reason=x")[0].state is State.PENDING
    who = "SELECT revoked_by FROM standing WHERE request = ?"
    assert stage.read(lambda reader: reader.connection.execute(who, (number,)).fetchone()[0])


def test_it_goes_with_the_person_who_asked_for_it_and_once_it_is_long_over(
    stage: RunStage,
) -> None:
    put(stage, line=USUAL_LINE.replace("2026-02-04", "2026-01-05"))
    count = "SELECT COUNT(*) FROM standing"

    def rows() -> int:
        return stage.read(lambda reader: reader.connection.execute(count).fetchone()[0])

    assert rows() == 1
    forgetting.forget(stage.store, "alice", "op", stage.clock.now())
    assert rows() == 0
    put(stage, line=USUAL_LINE.replace("2026-02-04", "2026-01-05"))
    stage.clock.time = START + timedelta(days=40)
    stage.remove_texts(30)
    assert rows() == 0


# ----------------------------------------------------------------------------- how it is asked for


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("web-01 until 2026-02-04 x", "is a name"),
        ("i-00000001 script=* until 2026-02-04 x", "no parameter script"),
        ("until 2026-02-04 x", "on which instances"),
        ("i-00000001 until 2026-02-04", "Say why"),
        ("i-00000001 until=2026-02-31 reason=x", "is no date"),
        ("i-00000001 until=2026-01-04 reason=x", "is over already"),
        ("i-00000001 until=2026-04-06 reason=x", "too far ahead"),
        ("i-00000001 for role:ops until 2026-02-04 x", "The role ops may not use restart"),
        ("i-00000001 service=a!b until 2026-02-04 x", "service cannot be a!b; expected"),
        ("i-00000001 $(id) until 2026-02-04 x", "no id of an instance"),
    ],
)
def test_what_is_wrong_with_it_is_said(stage: RunStage, line: str, words: str) -> None:
    assert words in str(stage.planned_or_said("alice", f"standing restart {line}"))


RUN = "standing run i-00000001 script={} until 2026-02-04 x"


@pytest.mark.parametrize(
    ("change", "line", "words"),
    [
        ({}, RUN.format("rm*"), "is the script that runs"),
        ({}, "standing freeze until 2026-02-04 x", "no operation that can be asked for"),
        ({}, "standing gate password=x until 2026-02-04 x", "is never shown"),
        ({"command_id": "c-1"}, USUAL_LINE.format(""), "kept in the cloud"),
        ({"policy": "tagged"}, USUAL_LINE.format(""), "depends on the tags"),
        ({"policy": "turn"}, USUAL_LINE.format(""), "allows no standing approvals"),
        ({"allowed_values": {"service": ("sshd",)}}, USUAL_LINE.format(""), "sshd"),
    ],
)
def test_what_cannot_be_bounded_is_refused(
    stage: RunStage, change: dict[str, Any], line: str, words: str
) -> None:
    book = stage.deployment.book
    tagged = policy.Policy("tagged", ("tag:owner",), standing=True)
    rule = dataclasses.replace(book.commands["restart"], **change)
    edit(
        stage,
        policies=book.policies | {"tagged": tagged},
        commands={**book.commands, "restart": rule},
    )
    assert words in str(stage.planned_or_said("carol", line))


@pytest.mark.parametrize(
    ("change", "words"), [(runs_as_root, "has changed since"), (forbids_it, "allows no standing")]
)
def test_what_has_changed_since_it_was_asked_for_is_not_in_force(
    stage: RunStage, change: Any, words: str
) -> None:
    request = stage.planned("alice", USUAL_LINE.format(""))
    change(stage)
    edit(stage, commands={**stage.deployment.book.commands, "standing": policy.CommandRule("all")})
    for who in ("bob", "carol", "erin"):
        approve(stage, who, request.id)
    told = said(stage.work())
    assert stage.request(request.id).state is State.NOT_STARTED
    assert any(words in text for text in told), told
    assert (
        stage.read(
            lambda reader: reader.connection.execute("SELECT COUNT(*) FROM standing").fetchone()[0]
        )
        == 0
    )


def test_an_exact_script_and_a_template_may_be_approved_beforehand(stage: RunStage) -> None:
    edit(stage, policies=stage.deployment.book.policies | {"two": TWO})
    request = stage.planned("carol", 'standing run i-00000001 script="df -h" until 2026-02-04 x')
    assert request.policy_names == ("any", "two")


def test_it_ends_at_once_by_whoever_asked_or_may_approve(stage: RunStage) -> None:
    number = put(stage)
    edit(stage, freezes=(FREEZE,))
    request, _ = asked(stage, "restart web-01 reason=x")
    stage.ask("dave", f"revoke {number}")
    assert "Only whoever asked" in said(stage.work())[-1]
    stage.ask("carol", f"standing revoke {number}")
    assert "is revoked" in said(stage.work())[-1]
    edit(stage, freezes=())
    stage.tick(3600)
    told = said(stage.work())
    assert stage.request(request.id).state is State.NOT_STARTED
    assert any("was revoked" in text for text in told), told
    assert asked(stage, "restart web-02 reason=x")[0].state is State.PENDING


def test_those_in_force_are_listed_with_their_uses_and_why_they_do_not_count(
    stage: RunStage,
) -> None:
    number = put(stage)
    asked(stage, "restart web-01 reason=x")
    stage.ask("carol", "standing")
    line = said(stage.work())[-1]
    assert f"#{number} restart i-00000001 i-00000002 service=nginx by Alice" in line
    assert "1 of 2 used. Approved by Bob" in line
    leaves(stage)
    stage.ask("carol", "standing list")
    assert "does not count now" in said(stage.work())[-1]


def test_a_use_is_decided_alike_when_it_is_replayed_and_not_by_a_file_without_it(
    stage: RunStage,
) -> None:
    put(stage)
    stage.clock.advance(86400)
    request, _ = asked(stage, "restart web-01 reason=x")
    home, since = stage.deployment, model.Search(since=stage.clock.now() - timedelta(hours=1))

    def replayed(book: policy.Book) -> list[int]:
        other = dataclasses.replace(home, book=book)
        result = stage.read(lambda reader: policy_replay.replayed(other, reader, since))
        return [one.request.id for one in result.different]

    assert replayed(home.book) == []
    forbids_it(stage)
    assert replayed(stage.deployment.book) == [request.id]


# ----------------------------------------------------------------------------- bot.toml

ASKED = '[command.standing]\npolicy = "p"\n'
ALLOWED = "[policy.p]\nstanding = true\n"


@pytest.mark.parametrize(
    ("policy_", "more", "words"),
    [
        ("[policy.p]\n", ASKED, "no policy of a command has standing = true"),
        (ALLOWED, "", "no [command.…] lets people ask for a standing approval"),
        (ALLOWED, ASKED, ""),
    ],
)
def test_what_can_never_come_of_it_is_said(
    tmp_path: Path, policy_: str, more: str, words: str
) -> None:
    read = configured.Loader(tmp_path)
    loaded = read(change("[policy.p]\n", policy_) + more, known_commands=loader.load)
    warnings = "\n".join(map(str, loaded.warnings))
    assert (words in warnings) if words else ("standing" not in warnings)


def test_approvers_whom_tags_name_cannot_agree_beforehand(tmp_path: Path) -> None:
    text = change('approvers = ["ben"]', 'approvers = ["tag:owner"]\nstanding = true')
    (fault,) = configured.Loader(tmp_path).faults(text)
    assert "depends on the tags of the targets" in str(fault)
