"""What holds for all tests."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from tests import loopback, stores
from tests import postgres as servers

if TYPE_CHECKING:
    from bot.cli.replay import Report

STORIES = "behaviour"
WAITING = {STORIES, "crash", "test_demo.py", "test_setup.py"}
"""Folders and files of tests that mostly wait: for a bot, for the clock, for another program."""
ROOT = Path(__file__).resolve().parents[1]
MEMORY = Path("/dev/shm")


def pytest_configure() -> None:
    loopback.close_all_else()
    if _holds_files(MEMORY):
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
    gc.disable()  # Until all is imported: what modules hold is never garbage.
    hypothesis.settings.register_profile("unhurried", deadline=None)
    hypothesis.settings.load_profile("unhurried")


def _holds_files(memory: Path) -> bool:
    """Can the folders of the tests be in memory? On a disk each commit of a store waits for it, and
    the tests kill processes, not machines. They also run programs there: containers forbid it."""
    if not (memory.is_dir() and os.access(memory, os.W_OK)):
        return False
    runs = not os.statvfs(memory).f_flag & os.ST_NOEXEC
    return runs and shutil.disk_usage(memory).free > 4 << 30


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Import the test modules, each process from another place on, where several share the tests.

    All need all of them; what one process has rewritten for its assertions, the others read."""
    share: dict[str, object] = getattr(session.config, "workerinput", {})
    if not share:
        return
    root = session.config.rootpath
    names = [
        ".".join(path.relative_to(root).with_suffix("").parts)
        for argument in session.config.args
        for path in sorted((root / argument).rglob("test_*.py"))
    ]
    first = len(names) * int(str(share["workerid"])[2:]) // int(str(share["workercount"]))
    for name in names[first:] + names[:first]:
        with contextlib.suppress(Exception):  # Where it is collected, it is told.
            importlib.import_module(name)


def is_of_sqlite(item: pytest.Item) -> bool:
    """It is about SQLite, or says the same whatever the stores of tests are."""
    if item.get_closest_marker("sqlite"):
        return True
    assert isinstance(item, pytest.Function)
    return STORIES not in item.path.parts and not stores.used_by(item.module)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Spread the tests that wait among those that compute, where several processes share the tests:
    in the order of the files, cores are too few at first, and idle at the end.

    Each process begins with its share of the list. The last fifth of a share only computes: a test
    that waits and begins last would be waited for while the cores have nothing to do."""
    if stores.POSTGRES:
        left_out = {item for item in items if is_of_sqlite(item)}
        config.hook.pytest_deselected(items=[*left_out])
        items[:] = [item for item in items if item not in left_out]
    for item in items:
        alone = item.get_closest_marker("alone")
        if alone and stores.REPLICAS > 1:
            item.add_marker(pytest.mark.skip(reason=alone.args[0]))
    share: dict[str, object] = getattr(config, "workerinput", {})
    if share:
        _spread(items, int(str(share["workercount"])))


def _spread(items: list[pytest.Item], processes: int) -> None:
    parts: tuple[list[pytest.Item], list[pytest.Item]] = ([], [])
    for item in items:
        parts[bool(WAITING & {*item.path.parts})].append(item)
    places: dict[pytest.Item, float] = {}
    for waits, part in enumerate(parts):
        for number, item in enumerate(part):
            turn, rest = divmod((number + 0.5) * processes / len(part), 1)
            places[item] = turn + rest * (0.8 if waits else 1)
    items.sort(key=places.__getitem__)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Collect garbage less often, and leave out what was imported: going over it again and again
    took a fifth of the time that the unit tests take."""
    gc.enable()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


@pytest.fixture(scope="session")
def replayed() -> Callable[[str], Report]:
    """Replays a capture of ``tests/captures`` with the sandbox's configuration."""
    from bot.app import adapters
    from bot.cli.replay import Replay
    from bot.commands import loader

    settings = adapters.load(ROOT / "bot.toml", secrets=False)
    catalog = loader.load(settings.commands)
    return lambda name: Replay(settings, catalog).folder(ROOT / "tests/captures" / name)


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Iterator[servers.Server]:
    """The server of PostgreSQL that the processes of this session share."""
    if lack := servers.lack():
        pytest.skip(lack)
    share: dict[str, str] = getattr(request.config, "workerinput", {})
    with servers.shared(share.get("testrunuid", uuid.uuid4().hex)) as server:
        yield server


@pytest.fixture
def database(postgres: servers.Server) -> Iterator[str]:
    """The URL of a fresh, empty database of PostgreSQL."""
    with postgres.database() as url:
        yield url


@pytest.fixture
def private_postgres() -> Iterator[servers.Server]:
    """A server of PostgreSQL that the test may stop and restart; it costs a second."""
    if lack := servers.lack(own=True):
        pytest.skip(lack)
    with servers.private() as server:
        yield server


@pytest.fixture(autouse=stores.POSTGRES)
def databases() -> Iterator[None]:
    """What a test had of PostgreSQL goes with it."""
    yield
    stores.clear()
