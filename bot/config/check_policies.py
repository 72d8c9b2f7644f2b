"""Policies by themselves: whom they name, and whether their seats can ever be filled."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta

from bot.config import schema
from bot.config.context import CheckContext
from bot.policy import oncall, seats
from bot.policy.model import TAG
from bot.source import paths

OF_A_STAGE = ("approvers", "mode", "count")
"""What a policy says itself, or each of its stages."""


def stages(policy: schema.Policy) -> tuple[tuple[paths.Path, schema.Stage], ...]:
    """The stages of a policy, each with the path to it; one that has none is a single stage."""
    own = tuple((("stages", n), one) for n, one in enumerate(policy.stages))
    return own or (((), policy),)


def named(policy: schema.Policy) -> tuple[str, ...]:
    """The approvers of all stages, as the file names them."""
    return tuple(name for _, stage in stages(policy) for name in stage.approvers or ())


def people(file: schema.File, stage: schema.Stage, words: bool = False) -> tuple[str, ...]:
    """The people whom a stage names, each once, in order; roles stand for their holders, and rotas
    for all who are on call at some time. ``words``: rotas stay as they are named, and so do the
    tags by which targets name some."""
    return named_people(file, stage.approvers or (), words)


def named_people(
    file: schema.File, approvers: Iterable[str], words: bool = False
) -> tuple[str, ...]:
    """The people whom these words mean, as ``people`` says it of a stage."""
    chosen: dict[str, None] = {}
    known = {person.id for person in file.person}
    for name in approvers:
        if name.startswith("role:"):
            role = name.removeprefix("role:")
            chosen |= dict.fromkeys(person.id for person in file.person if role in person.roles)
        elif name in known or (words and name.startswith((TAG, oncall.WORD))):
            chosen[name] = None
        elif name.startswith(oncall.WORD):
            chosen |= dict.fromkeys(who for who in _of_rota(file, name) if who in known)
    return tuple(chosen)


def _of_rota(file: schema.File, name: str) -> tuple[str, ...]:
    """All who are on call by a rota at some time."""
    rotas = [one for one in file.oncall if one.name == name.removeprefix(oncall.WORD)]
    return tuple(
        who
        for rota in rotas
        for who in (
            *(rota.people or (person.id for person in file.person)),
            *(override.person for override in rota.overrides),
        )
    )


def approvers(file: schema.File, policy: schema.Policy) -> tuple[str, ...]:
    """The people whom a policy names, each once, in order."""
    return tuple(dict.fromkeys(who for _, one in stages(policy) for who in people(file, one)))


def by_tag(stage: schema.Stage) -> bool:
    """Do targets name some of its approvers?"""
    return any(name.startswith(TAG) for name in stage.approvers or ())


def benches(
    file: schema.File, policy: schema.Policy, absent: Collection[str] = ()
) -> tuple[seats.Bench, ...]:
    """The seats of each stage, and who may fill them but for those who are ``absent``. A stage of
    which targets name some has none here, as nobody can tell yet."""
    made = []
    for _, stage in stages(policy):
        here = tuple(who for who in people(file, stage) if who not in absent)
        need = {"any": 1, "count": stage.count or 1}.get(stage.mode, max(1, len(here)))
        need = 0 if by_tag(stage) else need
        made.append(seats.Bench(here, need))
    return tuple(made)


def lack(
    file: schema.File, policy: schema.Policy, absent: Collection[str] = ()
) -> seats.Lack | None:
    """Why a policy cannot be satisfied without these people; None: it can."""
    return seats.lack(benches(file, policy, absent), {})


def sentence(short: seats.Lack) -> str:
    """Why stages cannot be filled."""
    one = len(short.stages) == 1
    numbers = " and ".join(str(n + 1) for n in short.stages)
    which = f"stage {numbers} needs" if one else f"stages {numbers} need"
    there = (
        f"only {len(short.people)} ({', '.join(short.people[:8])})" if short.people else "nobody"
    )
    verb = "is" if len(short.people) < 2 else "are"
    return f"{which} {short.need} different people, but there {verb} {there}"


def dangling(file: schema.File, approver: str) -> bool:
    """Does the name lead nowhere? That is a fault of its own already."""
    if approver.startswith("role:"):
        return approver.removeprefix("role:") not in file.role
    if approver.startswith(TAG):
        return False
    if approver.startswith(oncall.WORD):
        return approver.removeprefix(oncall.WORD) not in {rota.name for rota in file.oncall}
    return approver not in {person.id for person in file.person}


def is_complete(file: schema.File, policy: schema.Policy) -> bool:
    """Does every name of it lead somewhere?"""
    return not any(dangling(file, name) for name in named(policy))


def counted(names: Iterable[str]) -> str:
    people = list(names)
    count = f"{len(people)} approver" + ("s" if len(people) != 1 else "")
    return f"{count} ({', '.join(people[:8])})"


# ----------------------------------------------------------------------------- checks


def check_policy(context: CheckContext, name: str, policy: schema.Policy) -> None:
    """Can this policy be satisfied at all?"""
    path: paths.Path = ("policy", name)
    diagnostics = context.diagnostics
    if policy.stages:
        _check_stages(context, path, policy)
    elif policy.order == "sequence":
        message = 'has no use without stages; mode = "sequence" has approvers agree in order'
        diagnostics.fault((*path, "order"), message)
    for place, stage in stages(policy):
        _check_stage(context, (*path, *place), stage)
    everybody = approvers(context.file, policy)
    sure = is_complete(context.file, policy) and not any(by_tag(one) for _, one in stages(policy))
    if everybody and sure and policy.rejections > len(everybody):
        message = f"takes {policy.rejections} to reject, but there is only {counted(everybody)}"
        diagnostics.fault((*path, "rejections"), message)
    check_break_glass(context, (*path, "break_glass"), policy)
    for index, name in enumerate(policy.delegates or ()):
        if name.startswith(TAG):
            message = "names people by a tag of targets; write people, roles or rotas"
            diagnostics.fault((*path, "delegates", index), message, name)
    late = policy.remind is not None and policy.remind >= policy.expires
    if late and not context.faulty(*path, "expires"):
        message = "the reminder must come before the request expires: remind < expires"
        diagnostics.fault((*path, "remind"), message, "expires")
    long = policy.batch is not None and policy.batch >= policy.expires
    if long and not context.faulty(*path, "expires"):
        message = "a batch must be shorter than the time to decide: batch < expires"
        diagnostics.fault((*path, "batch"), message, "expires")


def _check_stages(context: CheckContext, path: paths.Path, policy: schema.Policy) -> None:
    """Does it say everything once, and are there people enough for all stages together?"""
    for key in OF_A_STAGE:
        if key in policy.model_fields_set:
            message = f"stands beside stages: a policy has either; write {key} in each stage"
            context.diagnostics.fault((*path, key), message, "stages")
    if context.faulty(*path) or not is_complete(context.file, policy):
        return
    short = lack(context.file, policy)
    if short is not None and len(short.stages) > 1:
        message = f"{sentence(short)}, and each counts in one stage"
        context.diagnostics.fault((*path, "stages"), message)


def _check_stage(context: CheckContext, path: paths.Path, stage: schema.Stage) -> None:
    diagnostics, here = context.diagnostics, people(context.file, stage)
    if stage.approvers is None and not context.faulty(*path, "approvers"):
        message = "missing. Name people or roles, or write stages"
        diagnostics.fault((*path, "approvers"), message, "approvers")
    for index, approver in enumerate(stage.approvers or ()):
        role = approver.removeprefix("role:")
        empty = approver.startswith("role:") and role in context.file.role
        if empty and not any(role in person.roles for person in context.file.person):
            message = f"nobody holds the role {role}, so it approves nothing"
            diagnostics.warn((*path, "approvers", index), message)
    known = [name for name in stage.approvers or () if not dangling(context.file, name)]
    if known and not here and not by_tag(stage) and not context.faulty("oncall"):
        diagnostics.fault((*path, "approvers"), "names nobody, so nobody could ever approve")
    if stage.mode == "count" and stage.count is None and not context.faulty(*path, "count"):
        diagnostics.fault(
            path, 'count is missing: mode = "count" needs the number of approvals', "count"
        )
    elif stage.mode != "count" and stage.count is not None and not context.faulty(*path, "mode"):
        message = f'has no use with mode = "{stage.mode}"; write "count"'
        diagnostics.fault((*path, "count"), message, "mode")
    _check_rotas(context, path, stage)
    complete = len(known) == len(stage.approvers or ())
    sure = here and complete and not by_tag(stage)
    if sure and stage.mode == "count" and (stage.count or 1) > len(here):
        verb = "is" if len(here) == 1 else "are"
        message = f"needs {stage.count} approvals, but there {verb} only {counted(here)}"
        diagnostics.fault((*path, "count"), message)


def _check_rotas(context: CheckContext, path: paths.Path, stage: schema.Stage) -> None:
    """Can those who are on call fill its seats? By a rota one person is at a time."""
    names = list(dict.fromkeys(stage.approvers or ()))
    rotas = [name for name in names if name.startswith(oncall.WORD)]
    if not rotas or context.faulty(*path, "mode") or context.faulty(*path, "count"):
        return
    if stage.mode in ("all", "sequence"):
        message = (
            f'cannot be "{stage.mode}" where {rotas[0]} approves, as others are on call tomorrow: '
            f'write a stage of its own, stages = [{{ approvers = ["{rotas[0]}"] }}, …]'
        )
        context.diagnostics.fault((*path, "mode"), message, "mode")
        return
    others = named_people(context.file, (name for name in names if name not in rotas))
    most = len(others) + len(rotas)
    calendars = {oncall.WORD + rota.name for rota in context.file.oncall if rota.calendar}
    sure = not calendars & {*rotas} and not by_tag(stage)
    if stage.mode == "count" and (stage.count or 1) > most and sure:
        message = f"needs {stage.count} approvals, but one person is on call at a time: at most"
        context.diagnostics.fault((*path, "count"), f"{message} {most} can approve")


LONGEST = timedelta(days=7)
"""How long approvers have at most to answer to break-glass."""


def check_break_glass(context: CheckContext, path: paths.Path, policy: schema.Policy) -> None:
    """Can anybody break the glass, and could the others ratify it?"""
    table, file, diagnostics = policy.break_glass, context.file, context.diagnostics
    if table is None or context.faulty(*path):
        return
    for index, name in enumerate(table.people):
        if name.startswith(TAG):
            message = "a tag of targets gives nobody this right; name people or roles"
            diagnostics.fault((*path, "people", index), message)
    if table.ratify > LONGEST:
        diagnostics.fault((*path, "ratify"), "must be at most 7d")
    here = named_people(file, table.people)
    sure = not any(dangling(file, name) for name in table.people)
    if sure and not here:
        diagnostics.fault((*path, "people"), "names nobody, so nobody could ever break the glass")
    if not sure or not is_complete(file, policy):
        return
    for who in here:
        short = lack(file, policy, {who})
        if short is not None:
            message = f"what {who} starts so could not be ratified: {sentence(short)}"
            diagnostics.warn((*path, "people"), message)
            return
