"""One case of ``python -m bot policy test``: what the bot would decide, with nobody asked and
nothing stored, looked up or run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_core import ErrorDetails

from bot import core, model, policy, source, texts
from bot.commands import needs
from bot.config import faults
from bot.core import facts, subjects
from bot.core.decision import DecisionBuilder, refusal_text
from bot.deployment import Deployment
from bot.policy import identity, quorum, starting, voting
from bot.policy import needs as further
from bot.source import paths, toml_text, values
from bot.source.tables import Table
from bot.source.values import Text, Texts

Tags = dict[Text, str]
NONCE = "0" * 32


def _expected(value: object) -> object:
    """Whether a refusal is expected, or with which words."""
    if isinstance(value, bool | str):
        return value
    raise values.fault("must be true, false, or words of the refusal in quotes")


class Case(Table):
    """Who asks for what, and what has to come of it. ``at``: local time, such as
    ``2026-11-30 20:00``; ``targets``: the instances that are found, by name, with their tags."""

    name: Text
    person: Text
    text: str
    group: Text
    platform: Text | None = None
    at: datetime | None = None
    targets: dict[Text, Tags] = Field(default_factory=dict)
    votes: Texts = ()
    policies: tuple[Text, ...] | None = Field(default=None, strict=False)
    refused: Annotated[bool | str, BeforeValidator(_expected)] = False
    approved: bool | None = None


class Cases(Table):
    case: tuple[Case, ...] = Field(default=(), strict=False)


def read(path: Path) -> tuple[Case, ...]:
    """The cases of a file. Raises ConfigError, with everything that is wrong in it and where."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise faults.ConfigError(path, [source.Fault(source.Mark(), reason)]) from None
    reading = toml_text.read(text)
    if reading.faults:
        raise faults.ConfigError(path, reading.faults)
    try:
        cases = Cases.model_validate(reading.values).case
    except ValidationError as error:
        lines = toml_text.Lines(reading.text)
        raise faults.ConfigError(path, [_fault(each, lines) for each in error.errors()]) from None
    if not cases:
        raise faults.ConfigError(path, [source.Fault(source.Mark(), "holds no [[case]]")])
    return cases


def _fault(error: ErrorDetails, lines: toml_text.Lines) -> source.Fault:
    place = error["loc"]
    mark = source.Mark(line=lines.of(place), path=paths.dotted(place))
    return source.Fault(mark, faults.message(error, Cases))


class Impossible(Exception):
    """A case that cannot be tried; the message says why."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """``verdict``: what came of it; ``why``: for which reasons; ``faults``: what was expected
    otherwise."""

    verdict: Literal["refused", "approved", "waiting"]
    policies: tuple[str, ...]
    why: tuple[str, ...]
    faults: tuple[str, ...] = ()


@dataclass
class Archive:
    """A store in which nothing else is."""

    sources: dict[str, str] = field(default_factory=dict)
    cache: dict[int, object] = field(default_factory=dict)
    frozen: Sequence[model.Freeze] = ()
    kept: tuple[model.Calendar, ...] = ()

    def entries(self, request: int, after: int) -> Sequence[model.JournalRow]:
        return ()

    def sent(self, request: int, apart: Sequence[int] = ()) -> Sequence[model.Effect]:
        return ()

    def source(self, digest: str) -> str | None:
        return self.sources.get(digest)

    def open_of_person(self, person: str, least: int, limit: int) -> Sequence[int]:
        return ()

    def has_open(self, command: str, least: int) -> bool:
        return False

    def broken(self, since: datetime, limit: int) -> Sequence[model.Request]:
        return ()

    def pending(self, person: str, command: str, limit: int) -> Sequence[model.Request]:
        return ()

    def has_votes(self, request: int) -> bool:
        return False

    def alike(self, likeness: str) -> int:
        return 0

    def freezes(self, at: datetime) -> Sequence[model.Freeze]:
        return self.frozen

    def absences(self, at: datetime) -> Sequence[model.Absence]:
        return ()

    def votes(self, request: int) -> Sequence[model.Vote]:
        return ()

    def locks_of(self, request: int) -> tuple[model.Lock, ...]:
        return ()

    def locks_on(self, names: Sequence[str], apart: int, limit: int) -> tuple[model.Lock, ...]:
        return ()

    def calendars(self) -> Sequence[model.Calendar]:
        return self.kept

    def standing_for(self, command: str, now: datetime) -> Sequence[model.StandingApproval]:
        return ()

    def standing_in_force(self, now: datetime, limit: int) -> Sequence[model.StandingApproval]:
        return ()

    def standing(self, number: int) -> model.StandingApproval | None:
        return None


def tried(deployment: Deployment, case: Case, now: datetime) -> Outcome:
    """What comes of a case at a moment. Raises Impossible."""
    outcome = _outcome(deployment.as_of(now, None), case, now)
    faults = []
    if case.policies is not None and set(case.policies) != set(outcome.policies):
        faults.append(f"expected the policies {', '.join(case.policies) or 'none'}")
    refused = outcome.verdict == "refused"
    if bool(case.refused) != refused:
        faults.append("expected a refusal" if case.refused else "expected no refusal")
    words = case.refused if isinstance(case.refused, str) else ""
    if refused and words and not any(words in why for why in outcome.why):
        faults.append(f"expected a refusal with the words {words!r}")
    if case.approved is not None and case.approved != (outcome.verdict == "approved"):
        faults.append(f"expected it to be {'' if case.approved else 'not '}approved")
    return replace(outcome, faults=tuple(faults))


def _outcome(deployment: Deployment, case: Case, now: datetime) -> Outcome:
    archive = Archive()
    place, account = _origin(deployment.book, case)
    event: model.Event = model.MessageReceived("case", now, account, place, case.text)
    view = model.View(1, 0, "", archive=archive, nonce=NONCE, salt=NONCE)
    while True:
        decision = core.read(deployment, event).decide(view, now)
        archive.sources.update(decision.sources)
        request = decision.request or view.request
        if request is None:
            said = [one.body for one in decision.effects if isinstance(one.body, model.Say)]
            if not any(one.action == "ask.refused" for one in decision.audit):
                raise Impossible("asks for no operation")
            return Outcome("refused", (), tuple(_words(one.message) for one in said))
        looks = [one for one in decision.effects if _is_look(one.body)]
        if request.state is not model.State.PLANNING or not looks:
            return _judged(deployment, case, request, replace(view, request=request), now)
        effect = _stored(looks[0])
        event = effect.completed(now, _answer(effect.body, case))
        view = replace(view, request=request, effect=effect)


def _origin(book: policy.Book, case: Case) -> tuple[model.Place, model.Account]:
    """Where it is asked, and by which account."""
    groups = [one for one in book.groups if one.name == case.group]
    groups = [one for one in groups if case.platform in (None, one.platform)]
    if len(groups) != 1:
        many = "several groups" if groups else "no group"
        raise Impossible(f"there {'are' if groups else 'is'} {many} {case.group}; say platform = …")
    if case.person not in book.people:
        raise Impossible(f"there is no person {case.person}")
    platform = groups[0].platform
    for tenant in sorted(book.tenants.get(platform, ())):
        account = identity.account_of(book, case.person, platform, tenant)
        if account is not None:
            return model.Place(platform, tenant, groups[0].chat, "case"), account
    raise Impossible(f"{case.person} has no account on {platform}")


def _is_look(body: model.Effect) -> bool:
    return isinstance(body, model.ResolveTargets | model.FetchDefinition)


def _stored(effect: model.NewEffect) -> model.StoredEffect:
    return model.StoredEffect(
        1, effect.key, effect.lane, effect.request, 1, effect.body, effect.context
    )


def _answer(body: model.Effect, case: Case) -> model.Outcome:
    """The instances of the case, whatever was looked for; without any, those that were named."""
    if not isinstance(body, model.ResolveTargets):
        raise Impossible("runs what is kept in the cloud, which is not read here")
    tags: Mapping[str, Tags] = case.targets or {name: {} for name in body.targets}
    instances = [
        {"id": f"i-{name}", "name": name, "region": body.region, "status": "Running", "tags": own}
        for name, own in tags.items()
    ]
    ids = [one["id"] for one in instances]
    data = {"instances": instances, "unknown": [], "ambiguous": {}}
    return model.Done(data=data | ({"each": [ids for _ in body.filters]} if body.filters else {}))


def _judged(
    deployment: Deployment, case: Case, request: model.Request, view: model.View, now: datetime
) -> Outcome:
    """What the votes of the case come to, and whether it would start then."""
    names = request.policy_names
    why = [request.escalated] if request.escalated else []
    if request.state is model.State.REFUSED:
        return Outcome("refused", names, (*why, request.note))
    book, votes = deployment.book, list[model.Vote]()
    needed, digest = quorum.ballot_of(book, request)
    for who in case.votes:
        voter = book.people.get(who)
        tenants = sorted(book.tenants.get(request.place.platform, ()))
        accounts = (identity.account_of(book, who, request.place.platform, t) for t in tenants)
        account = next((one for one in accounts if one is not None), None)
        if voter is None or account is None:
            raise Impossible(f"{who} has no account on {request.place.platform}")
        refusal = voting.refusal_of_vote(needed, request, tuple(votes), voter)
        if refusal is not None:
            shown = {"id": request.id, "names": quorum.names(book, quorum.electorate(needed))}
            text = texts.say("en", refusal.key, **{**shown, **refusal.facts})
            why.append(f"{who}: {text}")
        else:
            votes.append(model.Vote(request.id, who, account, True, digest, now, via="card"))
    tally = quorum.tally(needed, votes)
    if tally.verdict != "approved":
        rest = ", ".join(tally.waiting_for)
        why.append(f"{tally.have} of {tally.need} approvals; {rest or 'nobody'} may vote")
        return Outcome("waiting", names, tuple(why))
    builder = DecisionBuilder(deployment, replace(view, votes=tuple(votes)), now)
    starting = facts.starting_of(deployment, request, builder.current_view(), now)
    stop = policy.evaluate(policy.START, starting).refusal
    if stop is not None:
        return Outcome("waiting", names, (*why, refusal_text("en", stop)))
    return Outcome("approved", names, tuple(why))


def _words(message: model.Message) -> str:
    """What a message says, as one line."""
    spans = [span.text for block in message.blocks for span in block.spans]
    return " ".join(" ".join((message.title, *spans)).split())


# ----------------------------------------------------------------------------- of the store


def explained(
    deployment: Deployment,
    request: model.Request,
    votes: tuple[model.Vote, ...],
    now: datetime,
    frozen: Sequence[model.Freeze] = (),
    calendars: tuple[model.Calendar, ...] = (),
) -> Iterator[str]:
    """What a stored request needs by the configuration of now: each policy with where it comes
    from and what lacks, and what else would be needed, or keep it from starting, if it started
    now. ``frozen``: the freezes of people that are in force; ``calendars``: what is kept of
    them."""
    archive = Archive(frozen=frozen, kept=calendars)
    view = model.View(request.id + 1, 0, "", request=request, votes=votes, archive=archive)
    builder = DecisionBuilder(deployment, view, now)
    book = builder.deployment.book
    yield f"#{request.id} {request.command}: {texts.say('en', f'state.{request.word}')}"
    for need in needs.needs_of(book, request, votes, "en"):
        people = dict.fromkeys(name for stage in need.stages for name in stage.now)
        waits = f"; {texts.joined('en', people)} may vote" if people else ""
        rest = waits if need.verdict == "waiting" else ""
        lack = f"; {need.unreachable}" if need.unreachable else ""
        yield f"{need.policy}: {need.origin}"
        yield f"    {need.verdict}, {need.have} of {need.need} approvals{rest}{lack}"
    plan = request.plan
    if plan is None or request.state.final:
        return
    closed = starting.opening(facts.starting_of(deployment, request, view, now))
    if closed is not None:
        yield f"it could not start now: {refusal_text('en', closed)}"
    try:
        verdict = further.judged(book, subjects.of_plan(builder, plan))
    except LookupError as error:
        yield f"what [[policy.when]] calls for now cannot be told: {error}"
        return
    if verdict.refusal is not None:
        yield f"it could not start now: {refusal_text('en', verdict.refusal)}"
    added = [name for name in verdict.policies if name not in request.policy_names]
    if added:
        reasons = "; ".join(map(str, verdict.reasons))
        yield f"if it started now, it would need {' and '.join(added)}, too: {reasons}"
