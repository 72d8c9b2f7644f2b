"""Events and valid patterns that have a fair chance to match each other."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

TEXTS = ("", "a", "ab", "b", "ba", "A", "a*b", "10.0.0.1", "10.0.1.9", "::1", "1", "true", "null")
NUMBERS = (0, 1, -1, 1.0, 2.5, 100, 1.00000001, 5e9, 6e9, 10**30, 2**53, 2**53 + 1, 2.0**53, 1e300)
SCALARS: tuple[Any, ...] = (*TEXTS, *NUMBERS, True, False, None)
TWINS: tuple[tuple[Any, ...], ...] = (
    (1, True, 1.0, "1", "true"),
    (0, False, 0.0, -0.0, "0", "false", None, "null", ""),
    (300, 300.0, "300"),
    (2**53, 2.0**53, 2**53 + 1),
)
"""Values that Python, JSON or text take for equal, each in its own way."""
KEYS = ("a", "b", "c")
TOPS = ("source", "type", "detail-type", "data", "detail", "ext")

twins = st.sampled_from(TWINS).flatmap(st.sampled_from)
scalars = st.sampled_from(SCALARS) | twins
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner),
    max_leaves=8,
)
objects = st.dictionaries(st.sampled_from(KEYS), values, max_size=3)
events: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    st.sampled_from(TOPS), objects | values | st.lists(objects, max_size=3), max_size=4
)
letters = st.sampled_from(("a", "b", "ab", "A", "1"))


def operators(dialect: str) -> st.SearchStrategy[Any]:
    """One operator as an object."""
    bound = st.sampled_from((-1, 0, 1, 1.0, 2, 100, 1e9, 300, 300.0, 2**53, 2**53 + 1, 2.0**53))
    empty = letters | st.just("")
    signs = ("=", "<", ">", "<=", ">=") + ("!=",) * (dialect == "alibaba")
    cidrs = ["10.0.0.0/24", "10.0.0.1", "0.0.0.0/0"] + ["::/0"] * (dialect == "aws")
    but = [
        letters,
        st.lists(letters, min_size=1, max_size=2),
        bound,
        st.lists(bound, min_size=1, max_size=2),
        st.fixed_dictionaries({"prefix": letters}),
        st.fixed_dictionaries({"suffix": st.lists(letters, min_size=1, max_size=2)}),
        st.fixed_dictionaries({"wildcard": st.sampled_from(("a*", "*b", "*", "", "*a*"))}),
        st.fixed_dictionaries({"equals-ignore-case": empty}),
        st.fixed_dictionaries({"contains": letters}),
    ]
    if dialect == "alibaba":
        but.append(st.lists(scalars, min_size=1, max_size=3))
    wildcards = ("", "*", "a*", "*b", "a*b", r"a\*b", "1*.*.1", "a", r"*\\", "*a*", "a*b*a")
    made: dict[str, st.SearchStrategy[Any]] = {
        "prefix": letters,
        "suffix": letters | st.fixed_dictionaries({"equals-ignore-case": letters}),
        "contains": letters,
        "wildcard": st.sampled_from(wildcards),
        "equals-ignore-case": empty,
        "exists": st.booleans(),
        "cidr": st.sampled_from(cidrs),
        "anything-but": st.one_of(but),
        "numeric": st.one_of(
            st.tuples(st.sampled_from(signs), bound),
            st.sampled_from(((">", 0, "<=", 5), (">=", 1, "<", 100), (">=", 2**53, "<", 2**60))),
        ).map(list),
    }
    return st.one_of(*(st.fixed_dictionaries({name: given}) for name, given in made.items()))


def leaves(dialect: str) -> st.SearchStrategy[Any]:
    """The array of a key."""
    several = st.fixed_dictionaries({"prefix": letters, "suffix": letters})
    extra = [several] if dialect == "alibaba" else []
    mixed = st.lists(st.one_of(scalars, operators(dialect), *extra), min_size=1, max_size=3)
    return mixed | alike()


def alike() -> st.SearchStrategy[Any]:
    """An array whose elements differ only by kind."""
    return st.sampled_from(TWINS).flatmap(
        lambda family: st.lists(st.sampled_from(family), min_size=1, max_size=3)
    )


def patterns(dialect: str, ors: bool = True) -> st.SearchStrategy[dict[str, Any]]:
    """A pattern without the same path twice."""
    leaf = leaves(dialect)
    below = st.dictionaries(
        st.sampled_from(KEYS),
        leaf | st.dictionaries(st.sampled_from(KEYS), leaf, min_size=1, max_size=2),
        min_size=1,
        max_size=3,
    )
    plain = st.fixed_dictionaries(
        {},
        optional={
            "source": leaf,
            "type": leaf,
            "ext": leaf,
            "data": below | leaf,
            "detail": below,
        },
    ).filter(bool)
    if not ors:
        return plain
    either = st.lists(
        st.fixed_dictionaries({"subject": leaf})
        | st.fixed_dictionaries({"source": alike(), "data": st.fixed_dictionaries({"a": alike()})})
        | plain,
        min_size=2,
        max_size=3,
    )
    return plain | st.fixed_dictionaries({"$or": either})
