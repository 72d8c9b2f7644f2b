"""What a card and messages say of a request that was started by break-glass."""

from __future__ import annotations

from bot import model, texts
from bot.cards.parts import Row, bold, moment, name_of, para, people, quoted, span, title_of, words
from bot.deployment import Deployment
from bot.policy import quorum


def glass_rows(deployment: Deployment, request: model.Request) -> tuple[Row, ...]:
    """Who broke the glass and why, and what the approvers said of it."""
    broken, locale = request.glass, request.locale
    if broken is None:
        return ()
    facts = {"name": name_of(deployment, broken.by.person), "reason": broken.reason or "–"}
    time = moment(deployment, broken.until)
    outcome = texts.say(locale, f"card.glass.{broken.outcome or 'open'}", time=time)
    return (
        (texts.say(locale, "card.glass"), (bold(texts.say(locale, "card.glass.by", **facts)),)),
        (texts.say(locale, "card.glass.outcome"), (span(outcome),)),
    )


def glass_message(
    deployment: Deployment,
    request: model.Request,
    tally: quorum.Tally,
    key: str,
    locale: str,
    mentions: tuple[model.Account, ...] = (),
) -> model.Message:
    """That it starts without its votes, or that nobody has answered to that: the phrase ``key``.
    ``tally``: how the votes stood."""
    broken = request.glass
    assert broken is not None
    facts = {
        "id": request.id,
        "command": request.command,
        "name": name_of(deployment, broken.by.person),
        "policies": list(request.policy_names),
        "have": tally.have,
        "need": tally.need,
    }
    how = texts.say(locale, "say.glass.how", id=request.id, time=moment(deployment, broken.until))
    blocks = [para(*people(mentions)), para(bold(texts.say(locale, key, **facts)))]
    blocks += quoted(broken.reason)
    if not broken.outcome:
        blocks.append(para(*words(how)))
    return model.Message(title_of(request), tuple(blocks[not mentions :]), mentions, request.text)
