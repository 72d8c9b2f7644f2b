"""The regions of the cloud, so that a slip of the pen is not looked for at another end.

New ones come, so that one which is not known is no fault unless it looks like another, misspelt.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from rapidfuzz.distance import OSA

from bot.config.context import CheckContext
from bot.source import paths

SLIPS = 2


def check_regions(context: CheckContext) -> None:
    """Note regions that there are not."""
    file = context.file
    regions: list[tuple[paths.Path, str]] = [(("oos", "region"), file.oos.region)]
    cloud, known = file.adapters.cloud.name, file.adapters.cloud.regions
    if file.cloud:
        regions.append(((cloud, "region"), file.cloud.region))
    regions += [(("command", name, "region"), one.region) for name, one in file.command.items()]
    regions += [((*path, "region"), bus.region) for path, bus in context.parts.entries("bus")]
    for path, name in regions:
        if not name or name in known or context.faulty(*path):
            continue
        near = misspelt(name.lower(), known)
        if near:
            context.diagnostics.fault(path, f"there is no region {name}, did you mean {near}?")
        else:
            message = f"no region of the name {name} is known here; it is taken as it is"
            context.diagnostics.warn(path, message)


def misspelt(name: str, known: Collection[str]) -> str:
    """The region that is meant where a name is nearly that of one; "" where it is not. Another
    number is another region and no slip."""
    if name in known:
        return name
    words = _words(name)
    near = min(known, key=lambda one: (OSA.distance(name, one), one))
    slips = OSA.distance(words, _words(near))
    return near if 0 < slips <= SLIPS and OSA.distance(name, near) <= SLIPS else ""


def _words(name: str) -> str:
    return re.sub(r"[0-9]+", "0", name)
