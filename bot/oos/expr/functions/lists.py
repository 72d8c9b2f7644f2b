"""Functions over lists and objects."""

from __future__ import annotations

from typing import Any

from bot.oos.expr import values
from bot.oos.expr.functions import base
from bot.oos.expr.functions.base import Example, Function
from bot.source import suggest


def select(argument: object) -> object:
    """An index may be negative, from the end."""
    key, container = base.items(argument, 2)
    items = values.literal(container)
    if isinstance(items, dict):
        name = base.text(key)
        if name in items:
            return items[name]
        near = suggest.meant(name, map(str, items))
        has = ", ".join(map(str, list(items)[:20])) or "nothing"
        raise base.BadArgument(f"there is no key {values.brief(name)}{near or f' among {has}'}")
    if not isinstance(items, list):
        raise base.BadArgument(
            f"expected a List or a Json object to select from, got {values.kind(container)}"
        )
    index = base.whole(key)
    if not -len(items) <= index < len(items):
        raise base.BadArgument(f"there is no item {index} in a List of {len(items)}")
    return items[index]


def _select_wrong(raw: object) -> str:
    """An index behind the end of a list that is written out, or a key that it has not."""
    wrong = base.takes(2)(raw)
    if wrong or not isinstance(raw, list):
        return wrong
    key, container = raw
    if base.is_call(key) or (isinstance(key, str) and "{{" in key):
        return ""
    if isinstance(container, list):
        index = values.whole(key)
        if index is None:
            return f"expected a whole Number to select from a List, got {values.brief(key)}"
        if not -len(container) <= index < len(container):
            return f"there is no item {index} in a List of {len(container)}"
    elif isinstance(container, dict) and container and not base.is_call(container):
        if str(key) not in map(str, container):
            near = suggest.meant(str(key), map(str, container))
            return f"there is no key {values.brief(str(key))}{near}"
    elif not isinstance(container, str | dict):
        return f"expected a List or a Json object to select from, got {values.kind(container)}"
    return ""


def range_select(argument: object) -> list[object]:
    start, end, items = base.items(argument, 3)
    return base.items(items)[base.whole(start) : base.whole(end)]


def first(argument: object) -> object:
    return _some(argument)[0]


def last(argument: object) -> object:
    return _some(argument)[-1]


def _some(argument: object) -> list[Any]:
    items = base.items(argument)
    if not items:
        raise base.BadArgument("expected at least one item, got an empty List")
    return items


def minimum(argument: object) -> Any:
    """Numbers compare as numbers, all else as text."""
    return min(_some(argument), key=_order(argument))


def maximum(argument: object) -> Any:
    return max(_some(argument), key=_order(argument))


def _order(argument: object) -> Any:
    items = _some(argument)
    if all(values.number(item) is not None for item in items):
        return base.number
    if all(isinstance(item, str) for item in items):
        return str
    raise base.BadArgument(f"expected Numbers, or Strings, to compare, got {values.brief(items)}")


def total(argument: object) -> int | float:
    try:
        return sum(map(base.number, base.items(argument)))
    except OverflowError:
        raise base.BadArgument("the sum is too large") from None


def list_join(argument: object) -> list[object]:
    return list(argument) if isinstance(argument, list) else [argument]


def merge_list(argument: object) -> list[object]:
    """One level flatter; a single argument that is a list of lists is what is meant itself. null,
    of a task that was skipped or selected nothing, has no items."""
    parts = [] if argument is None else base.items(argument)
    if len(parts) == 1:
        only = values.literal(parts[0])
        if isinstance(only, list) and only and all(isinstance(item, list) for item in only):
            parts = only
    merged: list[Any] = []
    for part in parts:
        items = values.literal(part)
        if items is not None:
            merged.extend(items if isinstance(items, list) else [part])
    return merged


def intersection(argument: object) -> list[object]:
    lists = [base.items(each) for each in base.items(argument)]
    if not lists:
        return []
    keys = [set(map(values.key_of, each)) for each in lists[1:]]
    return [item for item in _unique(lists[0]) if all(values.key_of(item) in key for key in keys)]


def union(argument: object) -> list[object]:
    return _unique([item for each in base.items(argument) for item in base.items(each)])


def difference(argument: object) -> list[object]:
    """The union without the intersection, as documented."""
    common = set(map(values.key_of, intersection(argument)))
    return [item for item in union(argument) if values.key_of(item) not in common]


def _unique(items: list[object]) -> list[object]:
    unique: dict[str, object] = {}
    for item in items:
        unique.setdefault(values.key_of(item), item)
    return list(unique.values())


def merge_map(argument: object) -> dict[str, object]:
    merged: dict[str, Any] = {}
    for each in base.items(argument):
        merged |= base.mapping(each)
    return merged


def merge_map_to_list(argument: object) -> list[dict[str, object]]:
    """A shorter list repeats its last item; an empty one gives no key."""
    columns: dict[str, list[Any]] = {}
    for each in base.items(argument):
        for key, column in base.mapping(each).items():
            columns[key] = column if isinstance(column, list) else [column]
    columns = {key: column for key, column in columns.items() if column}
    length = max(map(len, columns.values()), default=0)
    if length * len(columns) > values.MOST_TEXT:
        raise base.BadArgument("the list would be too long")
    return [
        {key: column[min(at, len(column) - 1)] for key, column in columns.items()}
        for at in range(length)
    ]


def map_join(argument: object) -> dict[str, object]:
    keys, items = map(base.items, base.items(argument, 2))
    if len(keys) != len(items):
        raise base.BadArgument(f"expected as many values as keys, got {len(items)} for {len(keys)}")
    return dict(zip(map(base.text, keys), items, strict=True))


def convert_map_to_list(argument: object) -> list[dict[str, object]]:
    items = argument[0] if isinstance(argument, list) and len(argument) == 1 else argument
    return [{"Key": key, "Value": value} for key, value in base.mapping(items).items()]


def calculate_batch(argument: object) -> int:
    """How many items at a time make so many batches."""
    batches, items = base.items(argument, 2)
    wanted = base.whole(batches)
    if wanted < 1:
        raise base.BadArgument(f"expected at least 1 batch, got {wanted}")
    count = values.whole(items)
    length = count if count is not None else len(base.items(items))
    return max(1, -(-length // wanted))


FUNCTIONS = (
    Function("Select", "An item by its index (negative: from the end), or a value by its key.",
        "按索引（负数从末尾数）取列表元素，或按键取值。", "[index or key, list or object]",
        (Example([0, ["a", "b"]], "a"), Example([-1, ["a", "b"]], "b"),
         Example(["k", {"k": 1}], 1), Example(["1", "[5, 6]"], 6)),
        select, wrong=_select_wrong),
    Function("First", "The first item.", "第一个元素。", "list",
        (Example(["a", "b"], "a"),), first, wrong=base.takes_list),
    Function("Last", "The last item.", "最后一个元素。", "list",
        (Example(["a", "b"], "b"),), last, wrong=base.takes_list),
    Function("Min", "The least item.", "最小元素。", "list",
        (Example([3, 1, 2], 1), Example(["10", "9"], "9")), minimum, wrong=base.takes_list),
    Function("Max", "The greatest item.", "最大元素。", "list",
        (Example([3, 1, 2], 3), Example(["10", "9"], "10")), maximum, wrong=base.takes_list),
    Function("ListJoin", "A list of what is given.", "将多个值组成列表。", "[value, …]",
        (Example(["a", ["b"]], ["a", ["b"]]),), list_join),
    Function("MergeList", "Lists, one after the other, as one list.",
        "将多个列表依次合并为一个列表。", "[list, …]",
        (Example([["a"], ["b", "c"]], ["a", "b", "c"]),
         Example([[["a"], ["b"]]], ["a", "b"]), Example([["a"], None], ["a"])),
        merge_list, wrong=base.takes_list, documented=False),
    Function("Intersection", "What is in all lists, in the order of the first.",
        "所有列表共有的元素，按第一个列表的顺序。", "[list, …]",
        (Example([["a", "b", "c"], ["c", "b"]], ["b", "c"]),),
        intersection, wrong=base.takes_list),
    Function("Union", "What is in any list, each once.", "任一列表中的元素，各一次。", "[list, …]",
        (Example([["a", "b"], ["b", "c"]], ["a", "b", "c"]),), union, wrong=base.takes_list),
    Function("Difference", "What is in some lists but not in all.", "并集与交集的差集。",
        "[list, …]", (Example([["a", "b"], ["b", "c"]], ["a", "c"]),),
        difference, wrong=base.takes_list),
    Function("MergeMap", "Objects as one; later ones win.", "合并多个对象，后者优先。",
        "[object, …]", (Example([{"a": 1}, {"b": 2, "a": 3}], {"a": 3, "b": 2}),),
        merge_map, wrong=base.takes_list),
    Function("MergeMapToList",
        "Columns as a list of objects; a shorter column repeats its last item.",
        "将多列合并为对象列表；较短的列重复最后一项。", "[{key: list}, …]",
        (Example([{"id": ["i-1", "i-2"]}, {"weight": [100]}],
            [{"id": "i-1", "weight": 100}, {"id": "i-2", "weight": 100}]),),
        merge_map_to_list, wrong=base.takes_list),
    Function("MapJoin", "An object of a list of keys and a list of values.",
        "由键列表和值列表组成对象。", "[keys, values]",
        (Example([["a", "b"], [1, 2]], {"a": 1, "b": 2}),), map_join, wrong=base.takes(2)),
    Function("ConvertMapToList", "An object as a list of Key and Value.",
        "将对象转为 Key、Value 列表。", "[object]",
        (Example([{"a": 1}], [{"Key": "a", "Value": 1}]),), convert_map_to_list),
    Function("RangeSelect", "Items from an index up to, not with, another.",
        "取从一个索引到另一个索引（不含）的元素。", "[from, to, list]",
        (Example([0, -1, ["a", "b", "c"]], ["a", "b"]),),
        range_select, wrong=base.takes(3), documented=False),
    Function("Sum", "The sum of numbers.", "数字之和。", "list",
        (Example([1, "2", 3.5], 6.5),), total, wrong=base.takes_list, documented=False),
    Function("CalculateBatch", "How many items at a time make so many batches.",
        "分成若干批时每批的数量。", "[batches, list]",
        (Example([2, ["a", "b", "c"]], 2),), calculate_batch, wrong=base.takes(2),
        documented=False),
)  # fmt: skip
