"""What is done with the guided tour."""

from __future__ import annotations

from sandbox.page.acts import Act, Refused, World


async def start(world: World, *, chapter: str = "") -> object:
    """Begin with this chapter; "": with the first."""
    try:
        await world.tour.start(chapter)
    except KeyError:
        english = f"The tour has no chapter {chapter!r}."
        raise Refused(f"导览没有“{chapter}”这一段。", english) from None
    return {}


async def proceed(world: World) -> object:
    """Let the next act happen; nothing, while one goes on."""
    await world.tour.next()
    return {}


async def leave(world: World) -> object:
    """End the tour; what it did stays."""
    await world.tour.leave()
    return {}


ACTS: dict[str, Act] = {"tour.start": start, "tour.next": proceed, "tour.leave": leave}
