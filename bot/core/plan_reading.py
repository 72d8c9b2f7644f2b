"""A plan that the card does not hold is read before it is agreed to.

A person's first approval sends them the whole plan and does not count. One that they give on the
same code counts once the plan has reached them.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, replace

from bot import cards, model, policy, redact, texts
from bot.core.decision import DecisionBuilder
from bot.policy import quorum

CONTEXT = "read_by"
"""Within the context of an effect: whom it brings the plan to."""


def still_to_read(
    builder: DecisionBuilder, person: policy.Person, account: model.Account
) -> policy.Refusal | None:
    """Why this approval does not count yet, after the plan was sent to its person where it was not;
    None: the whole plan has been before them."""
    needed, digest = quorum.ballot_of(builder.deployment.book, builder.it)
    if not any(one.read_first for one, _ in needed.everything):
        return None
    if builder.deployment.holds(builder.it.place.platform, builder.card()):
        return None
    delivery = of(builder.it, person.id, digest)
    if delivery is None:
        send(builder, person, account, digest)
    if delivery is None or delivery.at is None:
        key = "vote.read_first" if delivery is None else "vote.read_coming"
        return policy.Refusal(key, {"id": builder.it.id})
    return None


def of(request: model.Request, person: str, digest: str) -> model.PlanDelivery | None:
    """How the plan or ballot of this digest was sent to a person; None: it was not."""
    wanted = (person, digest)
    return next((one for one in request.deliveries if (one.person, one.digest) == wanted), None)


def seconds(builder: DecisionBuilder, person: str, digest: str) -> int | None:
    """For how many seconds the whole plan has been before a person; None: it was not sent, as the
    card holds it."""
    delivery = of(builder.it, person, digest)
    if delivery is None or delivery.at is None:
        return None
    return int((builder.now - delivery.at).total_seconds())


def send(
    builder: DecisionBuilder,
    person: policy.Person,
    account: model.Account,
    digest: str,
    thread: bool = False,
) -> None:
    """Bring the whole plan to a person: to them alone, or, where that is refused, in the request's
    ``thread``."""
    request, origin = builder.it, builder.thread
    known = bool(account.id) and account.platform == origin.platform
    alone = known and not thread
    sheets = cards.Sheets(builder.deployment, redact.covered)
    blocks = sheets.plan(request, request.locale)
    for other in builder.peers():
        title = cards.para(model.Span(cards.title_of(other), "bold"))
        blocks = (*blocks, title, *sheets.plan(other, request.locale))
    text = model.canonical([asdict(block) for block in blocks])
    mentions = (account,) if known and not alone else ()
    words = texts.say(request.locale, "say.read_first", id=request.id)
    lead = cards.para(*cards.people(mentions), cards.span(" " + words if mentions else words))
    place = origin
    if alone:
        place = model.Place(account.platform, account.tenant, account.id, direct=True)
    message = model.Message(
        cards.title_of(request), (lead, *blocks), mentions, "" if alone else request.text
    )
    key = f"say:{builder.name}:read:{person.id}:{digest[:16]}:v{request.version}:{place.direct}"
    context = {CONTEXT: person.id, "digest": digest, "account": asdict(account)}
    body = model.Say(place, message, builder.fresh(key))
    builder.queue(key, key if alone else f"chat:{request.id}", body, context=context)
    delivery = model.PlanDelivery(person.id, digest, hashlib.sha256(text.encode()).hexdigest())
    builder.change(deliveries=(*without(request, delivery), delivery))


def sent(builder: DecisionBuilder, effect: model.StoredEffect, outcome: model.Outcome) -> None:
    """The plan has arrived; or it did not: then the thread gets it, or the next approval sends it
    once more."""
    id_, digest = str(effect.context[CONTEXT]), str(effect.context["digest"])
    person, delivery = builder.deployment.book.people.get(id_), of(builder.it, id_, digest)
    if delivery is None:
        return
    if isinstance(outcome, model.Done):
        arrived = replace(delivery, at=builder.now)
        builder.change(deliveries=(*without(builder.it, delivery), arrived))
        batch = {"batch": digest.partition(":")[0]} if ":" in digest else {}
        builder.enter(
            "countersign",
            "plan.delivered",
            to=id_,
            digest=model.plan_digest(digest),
            text=delivery.text,
            **batch,
        )
    elif person is not None and isinstance(effect.body, model.Say) and effect.body.place.direct:
        send(builder, person, model.Account(**effect.context["account"]), digest, thread=True)
    else:
        builder.change(deliveries=without(builder.it, delivery))


def without(request: model.Request, delivery: model.PlanDelivery) -> tuple[model.PlanDelivery, ...]:
    """The other deliveries of a request."""
    same = (delivery.person, delivery.digest)
    return tuple(one for one in request.deliveries if (one.person, one.digest) != same)
