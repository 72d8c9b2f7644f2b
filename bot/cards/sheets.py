"""What a request is and what it printed, told at any time and with nothing left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot import model, texts
from bot.cards import request as card
from bot.cards.parts import (
    bold,
    code,
    exact,
    exact_rows,
    instance_name,
    para,
    span,
    state_word,
    targets,
)
from bot.cards.results import result_rows, result_text
from bot.cards.runs import MOST_VALUE
from bot.deployment import Deployment


@dataclass(frozen=True, slots=True)
class Output:
    """What one instance printed, or one output of a template (``instance`` is ""). ``name`` is what
    people call it, ``words`` how it ended; ``dropped``: bytes that the platform did not keep."""

    name: str
    text: str
    instance: str = ""
    words: str = ""
    dropped: int = 0


class Sheets:
    """Blocks of a reply. ``locale`` is that of the chat where somebody asks; ``covered`` hides the
    plan's hidden values in what it printed."""

    def __init__(self, deployment: Deployment, covered: Callable[[model.Plan, str], str]) -> None:
        self._house = deployment
        self._covered = covered

    def plan(self, request: model.Request, locale: str) -> tuple[model.Block, ...]:
        """Everything that a vote on this request is about."""
        request, plan = replace(request, locale=locale), request.plan
        if plan is None:
            return (para(span(texts.say(locale, "plan.none", id=request.id))),)
        rows = [
            (texts.say(locale, "status.state"), (bold(state_word(locale, request)),)),
            (texts.say(locale, "plan.version"), (code(plan.version),)),
        ]
        blocks = [exact_rows(locale, rows), *card.sheet_blocks(self._house, request)]
        if request.gone:
            gone = [instance_name(one) for one in plan.instances if one.id in request.gone]
            blocks += [para(bold(texts.say(locale, "card.gone"))), exact(locale, "\n".join(gone))]
        if request.ballot is not None and request.ballot.shown:
            question = texts.say(locale, "plan.ballot", code=request.ballot.code)
            blocks += [para(bold(question)), exact(locale, request.ballot.shown)]
        return tuple(blocks)

    def targets(self, request: model.Request, locale: str) -> tuple[model.Block, ...]:
        """Every instance of a request that nothing is known of yet."""
        plan = request.plan
        if plan is None or not plan.instances:
            return ()
        label = texts.say(locale, "card.targets")
        named = targets(locale, plan.instances, "card.targets.below")
        row = exact_rows(locale, [(label, named)])
        return (row, *card.targets_blocks(locale, plan))

    def results(
        self, request: model.Request, results: Sequence[model.InstanceResult], locale: str
    ) -> tuple[model.Block, ...]:
        """A row for every instance."""
        plan = request.plan
        if plan is None or not plan.instances:
            return ()
        rows = result_rows(replace(request, locale=locale), plan, results, len(plan.instances))
        return (model.Block("list", rows=tuple(rows)),)

    def outputs(
        self,
        request: model.Request,
        results: Sequence[model.InstanceResult],
        archive: model.Archive | None,
        locale: str,
    ) -> tuple[Output, ...]:
        """Everything that it printed, as far as it is kept: what failed first."""
        plan = request.plan
        if plan is None:
            return ()
        names = {one.id: one.name or one.id for one in plan.instances}
        if isinstance(plan, model.TemplateOperation):
            of_journal = tuple(_of_journal(request, archive)) if archive is not None else ()
            results = [*results, *of_journal]
        printed = sorted(results, key=lambda one: (one.status == "Success", one.instance))
        listed = [
            Output(
                names.get(one.instance, one.instance),
                self._covered(plan, one.output or one.error),
                one.instance,
                result_text(locale, one),
                one.dropped,
            )
            for one in printed
        ]
        progress = request.progress or model.RunStatus()
        listed += [
            Output(
                stage.name,
                self._covered(plan, stage.detail),
                words=texts.say(locale, f"stage.{stage.status or 'none'}"),
            )
            for stage in progress.stages
            if len(stage.detail) > MOST_VALUE
        ]
        outputs = progress.outputs
        for name, value in outputs.items():
            text = value if isinstance(value, str) else model.canonical(value)
            listed.append(Output(name, self._covered(plan, text)))
        return tuple(listed)


def _of_journal(request: model.Request, archive: model.Archive) -> Iterator[model.InstanceResult]:
    """What the scripts printed that a template's run read the results of: of each, what was read
    last."""
    last: dict[tuple[str, str], model.InstanceResult] = {}
    for row in archive.entries(request.id, 0):
        for item in _results_in(row.entry.get("document")):
            exit_code = item.get("ExitCode")
            last[str(item.get("InvokeId", "")), str(item["InstanceId"])] = model.InstanceResult(
                instance=str(item["InstanceId"]),
                status=str(item.get("InvocationStatus") or ""),
                exit_code=exit_code if isinstance(exit_code, int) else None,
                output=str(item["Output"]),
                dropped=item["Dropped"] if isinstance(item.get("Dropped"), int) else 0,
                error=str(item.get("ErrorInfo") or ""),
            )
    yield from last.values()


def _results_in(value: object) -> Iterator[Mapping[str, Any]]:
    """The results of scripts within the answer to a call."""
    if isinstance(value, Mapping):
        if isinstance(value.get("InstanceId"), str) and isinstance(value.get("Output"), str):
            yield value
        else:
            for part in value.values():
                yield from _results_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from _results_in(part)
