"""The short way of writing facts writes what the long way writes."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot import audit

FLAT = st.dictionaries(st.text(), st.text() | st.integers())
MIXED = st.dictionaries(st.text(), st.text() | st.booleans() | st.none() | st.lists(st.integers()))


@given(FLAT | MIXED)
def test_facts_are_canonical_json(facts: dict[str, Any]) -> None:
    wanted = json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert audit.canonical_facts(facts) == wanted
