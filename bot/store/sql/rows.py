"""What stands in the columns of a table beside the body of its rows."""

from __future__ import annotations

from bot import model
from bot.store import codec


def of_request(request: model.Request, body: str) -> tuple[object, ...]:
    """A new request, in the order of ``REQUEST_INSERT``."""
    place, form = request.place, request.form
    return (
        request.id,
        request.state.value,
        request.version,
        request.person,
        place.platform,
        place.chat,
        place.message,
        form.platform if form else "",
        form.instance if form else "",
        request.card,
        codec.ms(request.created_at),
        codec.ms(request.expires_at),
        body,
        request.command,
        model.likeness(request.command, request.args),
    )
