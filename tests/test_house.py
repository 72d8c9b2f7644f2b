"""The rooms import what the plan of the house says, the core is pure, no room is too big."""

from __future__ import annotations

import ast
import functools
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import release
from bot.reference import rooms

ROOT = Path(__file__).resolve().parent.parent
LAYERS = (*rooms.LAYERS, ("__init__", "__main__"))
LAYER = {room: number for number, layer in enumerate(LAYERS) for room in layer}
PLATFORM_WORDS = ("dingtalk", "lark", "feishu", "aliyun")
THE_LIST = ROOT / "bot/app/adapters.py"
"""The one module of the bot that names a platform."""
SHARED = ("common", "openapi")
"""What adapters share: calls and connections, and what those of Alibaba Cloud have in common. They
are no adapters, and each imports only those before it."""
DOORS = {"model", "source", "failpoints", "release"}
"""What adapters import of the bot."""
NO_IO = {"asyncio", "threading", "socket", "aiohttp", "requests", "sqlite3", "subprocess", "time"}


def modules(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def place_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


@functools.cache
def imported(path: Path) -> set[str]:
    """Dotted names that a module imports, for types alone too; ``from a import b``: a and a.b."""
    found: set[str] = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[1].removesuffix(".py")


def test_a_room_imports_lower_layers_only() -> None:
    for path in modules("bot"):
        room = room_of(path)
        assert room in LAYER, f"give bot/{room} a layer in bot/reference/rooms.py"
        for name in imported(path):
            party, *rest = name.split(".")
            assert party not in ("sandbox", "tests", "bench"), f"{place_of(path)} imports {name}"
            if party in ("adapters", "commands"):
                assert room == "app", f"{place_of(path)} imports {name}"
            if party == "bot" and rest and rest[0] in LAYER and rest[0] != room:
                lower = LAYER[rest[0]] < LAYER[room]
                assert lower, f"{place_of(path)} imports {name}, which is not lower"


@pytest.mark.parametrize("room", rooms.INSIDE)
def test_a_room_inside_a_room_imports_those_before_it_only(room: str) -> None:
    order = {name: number for number, name in enumerate(rooms.INSIDE[room])}
    assert order.keys() == {each.parent.name for each in (ROOT / "bot" / room).glob("*/*.py")}
    for path in modules(f"bot/{room}"):
        inner = path.relative_to(ROOT / "bot" / room).parts[0]
        for name in imported(path) if inner in order else ():
            used = (*name.split("."), "", "")[2]
            if name.startswith(f"bot.{room}.") and used in order:
                assert order[used] <= order[inner], f"bot/{room}/{inner} imports {name}"


def test_the_map_has_every_room() -> None:
    assert rooms.table() in (ROOT / "docs/explanation/map.md").read_text("utf-8")


def test_no_circle_inside_a_room() -> None:
    """Not even through a package that hands out what its modules hold."""
    names = {
        path: ".".join(path.relative_to(ROOT).with_suffix("").parts) for path in modules("bot")
    }
    known = {name.removesuffix(".__init__"): path for path, name in names.items()}
    left = {}
    for name, path in known.items():
        uses = imported(path) & known.keys()
        parents = {used.rpartition(".")[0] for used in imported(path)} & known.keys()
        packages = {parent for parent in parents if known[parent].name == "__init__.py"}
        left[name] = uses - {name} - packages
    while free := {name for name, uses in left.items() if not uses & left.keys()}:
        left = {name: uses for name, uses in left.items() if name not in free}
    assert not left, f"these import each other: {left}"


def test_the_bot_knows_no_platform() -> None:
    for path in modules("bot"):
        text = path.read_text("utf-8").lower()
        named = [word for word in PLATFORM_WORDS if word in text and path != THE_LIST]
        assert not named, f"{place_of(path)} names a platform: {named}"


@pytest.mark.parametrize(
    "room", ["core", "oos", "policy", "cards", "model", "rules", "texts", "source", "deployment.py"]
)
def test_the_core_is_pure(room: str) -> None:
    place = ROOT / "bot" / room
    for path in [place] if place.is_file() else sorted(place.rglob("*.py")):
        touched = {name.split(".")[0] for name in imported(path)} & NO_IO
        assert not touched, f"{path.name} imports {touched}"


PURE = ("core", "policy", "oos", "rules", "cards")
CHANGES = {
    *("add", "append", "appendleft", "clear", "discard", "extend", "insert", "move_to_end", "pop"),
    *("popitem", "popleft", "remove", "setdefault", "sort", "update"),
}
"""Methods that change what they are called on."""
SITUATIONS = {"Any", "Book", "Catalog", "DecisionBuilder", "Deployment", "Rulebook", "View"}
"""Types that are no values: what is remembered by one of these is state."""


def top_level_names(tree: ast.Module) -> set[str]:
    """The names that a module binds to something by itself, not by a definition or an import."""
    targets = [
        target
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    ]
    return {
        node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)
    }


def changed_names(tree: ast.Module) -> set[str]:
    """The names whose value is changed where it stands, or that a function binds anew."""
    names: set[str] = set()
    for node in ast.walk(tree):
        owner: ast.expr | None = None
        if isinstance(node, ast.Global):
            names |= set(node.names)
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
            owner = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value if node.func.attr in CHANGES else None
        if isinstance(owner, ast.Name):
            names.add(owner.id)
    return names


@pytest.mark.parametrize("room", PURE)
def test_a_pure_room_remembers_nothing(room: str) -> None:
    """No module changes what it holds, and what is cached is the result of values alone."""
    for path in modules(f"bot/{room}"):
        tree = tree_of(path)
        state = top_level_names(tree) & changed_names(tree)
        assert not state, f"{place_of(path)} changes {state}"
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and any(
                "cache" in ast.unparse(each) and "property" not in ast.unparse(each)
                for each in node.decorator_list
            ):
                types = {
                    part
                    for argument in (*node.args.args, *node.args.kwonlyargs)
                    if argument.annotation is not None
                    for part in re.findall(r"\w+", ast.unparse(argument.annotation))
                }
                assert not types & SITUATIONS, f"{path.name}: {node.name} remembers {types}"


def test_only_the_store_touches_sql() -> None:
    users = {
        room_of(path)
        for path in modules("bot")
        if {name.split(".")[0] for name in imported(path)} & {"sqlite3", "sqlite_utils"}
    }
    assert users <= {"store"}, users


def test_what_runs_knows_the_port_of_the_store_only() -> None:
    port = {"bot.store", "bot.store.port", "bot.store.shared", "bot.store.codec"}
    for path in modules("bot/runtime"):
        of_store = {name for name in imported(path) if name.startswith("bot.store")}
        assert of_store <= port, f"{place_of(path)} imports {of_store}"
        whole = re.search(r"^from bot import .*\bstore\b", path.read_text("utf-8"), re.MULTILINE)
        assert not whole, f"{place_of(path)} imports the store"


def test_adapters_know_the_doors_only() -> None:
    for path in modules("adapters"):
        room = room_of(path)
        known = SHARED[: SHARED.index(room) + 1] if room in SHARED else {room, *SHARED}
        for name in imported(path):
            party, *rest = name.split(".")
            if party in ("bot", "adapters") and rest:
                doors = DOORS if party == "bot" else known
                assert rest[0] in doors, f"{place_of(path)} imports {name}"
            wrong = party in ("sandbox", "tests", "bench", "commands")
            assert not wrong, f"{place_of(path)} imports {name}"


def test_commands_use_what_the_bot_hands_out() -> None:
    for path in modules("commands"):
        for name in imported(path):
            party, *rest = name.split(".")
            deep = party == "bot" and len(rest) > 1
            assert not deep, f"{place_of(path)} reaches into {name}"
            wrong = party in ("adapters", "sandbox", "tests", "bench")
            assert not wrong, f"{place_of(path)} imports {name}"


def test_the_sandbox_does_not_know_the_bot() -> None:
    """But for its OOS: that runs templates, so it shares the pure language with the bot; and for
    the page's list of commands, and what it shows of the store."""
    for path in modules("sandbox"):
        names = {name for name in imported(path) if name.split(".")[0] in ("bot", "adapters")}
        if room_of(path) == "oos":
            names = {name for name in names if name.split(".")[1:2] not in (["oos"], ["source"])}
        if room_of(path) == "timed":  # it is the demo's bot
            names -= {"bot.app", "bot.app.main", "bot.app.adapters"}
        if path.is_relative_to(ROOT / "sandbox/commands"):  # what any command file uses
            names = {name for name in names if name.count(".") > 1}
        if path == ROOT / "sandbox/page/catalog.py":
            names -= {"bot.commands", "bot.commands.loader", "bot.commands.registry"}
        if path == ROOT / "sandbox/page/records.py":
            names -= {"bot.store", "bot.texts"}
        assert names <= {"bot", "bot.model"}, f"{place_of(path)} imports {names}"


@pytest.mark.parametrize("room", ["bot", "adapters", "commands", "sandbox"])
def test_no_room_is_too_big(room: str) -> None:
    for path in modules(room):
        text = path.read_text("utf-8")
        assert text.count("\n") <= 500, f"{path.name} is too big a room"
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                size = (node.end_lineno or node.lineno) - node.lineno + 1
                assert size <= 70, f"{path.name}: {node.name} is {size} lines long"


def fixed_sleeps(tree: ast.AST, polls: bool = False) -> Iterator[int]:
    """The lines that sleep for a number of seconds, but for loops that something else can end."""
    for node in ast.iter_child_nodes(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from fixed_sleeps(node)
            case ast.While():
                yield from fixed_sleeps(node, True)
            case ast.For():
                ends = any(isinstance(each, ast.Return | ast.Break) for each in ast.walk(node))
                yield from fixed_sleeps(node, ends)
            case ast.Call(func=ast.Attribute(attr="sleep"), args=[ast.Constant(value), *_]):
                if value and not polls:
                    yield node.lineno
            case _:
                yield from fixed_sleeps(node, polls)


def test_no_test_sleeps_for_a_guessed_time() -> None:
    """It waits for an event, polls until a deadline, or moves the clock."""
    slept = "async def f():\n    await asyncio.sleep(0.1)\n    for _ in x:\n        time.sleep(1)"
    assert list(fixed_sleeps(ast.parse(slept))) == [2, 4]
    for path in modules("tests"):
        text = path.read_text("utf-8")
        lines = list(fixed_sleeps(tree_of(path))) if re.search(r"sleep\((?!0\))", text) else []
        assert not lines, f"{place_of(path)} sleeps in {lines}"


PARTICIPLES = {"found", "told", "given", "left", "taken", "asked", "seen"}
"""Words that say what was done to a thing, not what it is. ``read`` is a verb, too: only a value
may not be called so."""
STORED = {("bot/model/requests.py", "asked")}
"""Names that stand in rows of the store."""


def names_of(tree: ast.Module) -> set[str]:
    """Every name that a module gives: to functions, classes, parameters, variables, fields."""
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names.add("" if name.strip("_") == "read" else name)
            case ast.ClassDef(name=name) | ast.arg(arg=name):
                names.add(name)
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                names.add(name)
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                names.add(name)
            case ast.ExceptHandler(name=str(name)) | ast.alias(asname=str(name)):
                names.add(name)
    return names


@pytest.mark.parametrize("room", ["bot", "adapters", "commands"])
def test_a_participle_is_no_name(room: str) -> None:
    for path in modules(room):
        place = place_of(path)
        names = {path.stem, *names_of(tree_of(path))}
        wrong = {name for name in names if name.strip("_").lower() in {*PARTICIPLES, "read"}}
        wrong = {name for name in wrong if (place, name) not in STORED}
        assert not wrong, f"{place} names {wrong}: write a noun of the thing"


def test_the_version_stands_in_one_place() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert release.version() == project["version"]
    for path in [*modules("bot"), *modules("adapters"), *modules("sandbox")]:
        assert not re.search(r"countersign[/ ]\d", path.read_text("utf-8")), path.name


def test_what_the_bot_is_built_on_are_dependencies() -> None:
    """The packages that the project was asked to be built with; each is imported somewhere."""
    given = {
        "dingtalk-stream": "dingtalk_stream",
        "lark-oapi": "lark_oapi",
        "alibabacloud-ecs20140526": "alibabacloud_ecs20140526",
        "apscheduler": "apscheduler",
        "sqlite-utils": "sqlite_utils",
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert set(given) <= {re.split("[=<>]", each)[0] for each in project["dependencies"]}
    texts = [path.read_text("utf-8") for room in ("bot", "adapters") for path in modules(room)]
    for name in given.values():
        assert any(re.search(rf"import.*\b{name}\b|from {name}", text) for text in texts), name
