"""How far a template's run has come, as cards show it."""

from __future__ import annotations

from dataclasses import replace

from bot import model, texts
from bot.core import live_runs, plan_preview
from bot.oos.engine import interpreter


def progress_of(run: live_runs.Live, asks: model.ApprovalStep | None) -> model.RunStatus:
    """The tasks of the template with what became of them, and the newest loop's counts."""
    state = run.state
    over = {step.path: step for step in state.steps}
    current = state.current
    statuses = []
    for stage in plan_preview.stages(state.template):
        step = over.get(stage.name)
        if step is not None:
            detail = str(step.failure.message) if step.failure is not None else ""
            stage = model.TaskStatus(stage.name, stage.action, step.status, detail)
        elif stage.name == current:
            stage = replace(stage, status="Running" if asks is None else "Waiting")
        statuses.append(stage)
    counts = state.counts()
    if counts is None:
        return model.RunStatus(tuple(statuses))
    return model.RunStatus(
        tuple(statuses), counts.done, counts.failed, counts.running, counts.total
    )


def error_text(locale: str, failure: interpreter.Failure) -> str:
    """Why a run failed: what its code means, in words, and what was said to it."""
    key = f"failure.{failure.code}"
    meaning = texts.say(locale, key) if key in texts.PHRASES else failure.code
    known = meaning != failure.code or failure.code not in failure.message
    text = f"{meaning}: {failure.message}" if failure.message and known else failure.message
    text = text or meaning
    return f"{failure.task}: {text}" if failure.task else text


def ended_stage(stage: model.TaskStatus, error: str) -> model.TaskStatus:
    """A task as it is shown in the end: why the run failed stands above, and once."""
    if stage.status == "Running":
        return replace(stage, status="Cancelled")
    return replace(stage, detail="") if stage.detail and stage.detail in error else stage
