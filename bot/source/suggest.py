"""What somebody may have meant who wrote a name that there is not."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rapidfuzz import process
from rapidfuzz.distance import OSA, Indel

from bot.source import unicode

ALIKE = 0.6
"""How much of a name must agree, from 0 to 1, so that it is taken for another one misspelt. Two
letters swapped count as one slip."""
ALIKE_WIDE = 0.5
"""The same of names that are not in ASCII: Chinese words have two or three characters."""
SURE = 0.9
"""So near that nothing else can be meant."""
BEGINNING = 3
"""Characters: a name with which another begins is near from here on; a shorter one, if just one
character is missing."""
MOST = 3
LISTED = 12
"""So many names are few enough to be listed where none is near."""
_LONGEST = 200


def several(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """Up to three of the known names that ``name`` may have meant, best first. Capital letters,
    hyphens and underscores make no difference."""
    names = {unicode.fold(item): item for item in sorted(known, reverse=True)}
    folded = unicode.fold(name[:_LONGEST])
    same = {_letters(item): names[item] for item in names}.get(_letters(folded))
    if same is not None or not folded:
        return (same,) if same is not None else ()
    order = sorted(names)
    scores = process.extract(
        folded, order, scorer=OSA.normalized_similarity, score_cutoff=ALIKE_WIDE, limit=None
    )
    near = [item for item, score, _ in scores if score >= ALIKE or not item.isascii()]
    near.sort(key=lambda item: -Indel.normalized_similarity(folded, item))
    near += [item for item in order if _begin_alike(folded, item)]
    return tuple(names[item] for item in dict.fromkeys(near))[:MOST]


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that was probably meant; empty: none is near."""
    return next(iter(several(name, known)), "")


def surely(name: str, known: Iterable[str]) -> str:
    """The known name that was meant beyond doubt; empty: none, or it may be another."""
    near = nearest(name, known)
    alike = Indel.normalized_similarity(unicode.fold(name), unicode.fold(near))
    return near if alike >= SURE else ""


def meant(name: str, known: Iterable[str], quote: str = "`") -> str:
    """The end of a sentence about an unknown name; empty where nothing is near."""
    near = nearest(name, known)
    return f", did you mean {quote}{near}{quote}?" if near else ""


def expected(name: str, known: Iterable[str]) -> str:
    """``meant``; where nothing is near, what there is, unless that is long."""
    known = list(known)
    hint = meant(name, known)
    return hint or (f"; expected {listed(known)}" if 0 < len(known) <= LISTED else "")


def listed(names: Iterable[str]) -> str:
    """Names as a sentence lists them: `a`, `b` or `c`."""
    quoted = [f"`{name}`" for name in names]
    return " or ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)


def _begin_alike(name: str, known: str) -> bool:
    short, long = sorted((name, known), key=len)
    near = len(short) >= BEGINNING or len(long) == len(short) + 1
    return near and long.startswith(short)


def _letters(name: str) -> str:
    return re.sub(r"[\W_]+", "", name) or name
