"""The form of an approved request, read once more before anything of it starts: what was taken back
meanwhile never runs, also where nobody has heard of that yet."""

from __future__ import annotations

from collections.abc import Mapping

from bot import model, policy, texts
from bot.core import authority, form_amendments, form_reading, form_relations, run_control, waits
from bot.core.decision import DecisionBuilder, reason_of

NO_FORM = "no_form"


def read_again(builder: DecisionBuilder, body: model.FetchForm, outcome: model.Outcome) -> None:
    """The form as it is now. Nothing happens where the request was not waiting for it any more."""
    request, context = builder.request, form_reading.context_of(builder)
    if request is None or request.hold or request.digest != context.get("digest"):
        return
    if not run_control.is_due(builder):
        return
    if isinstance(outcome, model.Done) and stands(builder, body, outcome.data):
        waits.over(builder, outcome)
        return run_control.launch(builder)
    if not builder.it.state.final:
        waits.over(builder)
    if isinstance(outcome, model.Done):
        return
    if getattr(outcome, "code", "") != NO_FORM or not look_again(builder):
        give_up(builder, unread_of(builder, outcome))


def stands(builder: DecisionBuilder, body: model.FetchForm, data: Mapping[str, object]) -> bool:
    """Is it still agreed to, and is nothing that revokes or modifies it agreed to or being decided?
    If not, its request does alike. Those that its platform lists with it are read before."""
    form_relations.follow(builder, body, data)
    form_amendments.apply(builder, body.instance)
    request = builder.it
    if request.state is not model.State.APPROVED or request.hold or not request.form:
        return False
    if data.get("status") != "approved":
        give_up(builder, not_agreed(request, str(data.get("status"))))
        return False
    if form_relations.unread(builder, body, data):
        form_reading.before_start(builder, request.form, attached=True)
        return False
    return True


def look_again(builder: DecisionBuilder) -> bool:
    """It is not found, which may be an answer that lags behind: look a few times more."""
    again = int(form_reading.context_of(builder).get("again", 0)) + 1
    form = builder.it.form
    if form is None or again >= form_reading.GONE:
        return False
    form_reading.before_start(builder, form, again)
    return True


def not_agreed(request: model.Request, status: str) -> policy.Refusal:
    """Why a form keeps its run from starting that is something else than agreed to."""
    word = f"form.status.{status}"
    word = word if word in texts.PHRASES else "form.status.unknown"
    return policy.Refusal(
        "authority.form", {"id": request.id, "status": texts.say(request.locale, word)}
    )


def unread_of(builder: DecisionBuilder, outcome: model.Outcome) -> policy.Refusal:
    """Why a form that cannot be read keeps its run from starting."""
    request = builder.it
    if getattr(outcome, "code", "") == NO_FORM:
        return not_agreed(request, "missing")
    facts = {"id": request.id, "reason": reason_of(request.locale, outcome)}
    return policy.Refusal("authority.form_unread", facts)


def give_up(builder: DecisionBuilder, refusal: policy.Refusal) -> None:
    """It was approved, and nothing of it starts; it can be put to the vote again."""
    authority.not_started(builder, authority.refused(builder.it.locale, refusal))
