"""What we use of lark_oapi, without paying for the ten thousand modules of its service catalogue.

``import lark_oapi`` runs package ``__init__``s that import every service: 2.5 s and 170 MB. The few
modules needed here import in a fraction of that when those ``__init__``s stand empty. They do so
only while this module loads: afterwards ``sys.modules`` is as it was, so an ordinary
``import lark_oapi`` elsewhere in the process gets the whole SDK and never notices.

The layout is private to the SDK, so its version is checked; with any other version, or where the
lean import fails, the ordinary import is used.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import logging
import re
import sys
import threading
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from adapters.common import masking

log = logging.getLogger(__name__)

TESTED = "1.7.5"
"""The lark-oapi version whose layout and defects this package was written against."""

CLIENT = "lark_oapi.ws.client"
_MODELS = "lark_oapi.api.im.v1.model"
MODULES = (
    CLIENT,
    "lark_oapi.ws.const",
    "lark_oapi.ws.exception",
    "lark_oapi.core.const",
    "lark_oapi.core.enum",
    f"{_MODELS}.create_message_request_body",
    f"{_MODELS}.reply_message_request_body",
    f"{_MODELS}.patch_message_request_body",
)

_BARE = re.compile(
    r"lark_oapi(\.(ws|ws\.pb\.google(\.protobuf)?|event|api(\.\w+(\.v\d+(\.model)?)?)?))?"
)
_DISPATCHER = "lark_oapi.event.dispatcher_handler"


class _LayoutChanged(Exception):
    """The SDK is not laid out as it was when this was written."""


class _Nothing(importlib.abc.Loader):
    """Loads a module without running anything of its source."""

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        if module.__name__ == _DISPATCHER:
            # The connection names this class in one annotation; we never dispatch through it.
            module.EventDispatcherHandler = object  # type: ignore[attr-defined]


class _BareFinder(importlib.abc.MetaPathFinder):
    """Finds the SDK's packages as bare folders: their modules import, their ``__init__`` stays
    unread. Acts for one thread only, so another thread's import of the SDK is left alone."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if threading.get_ident() != self._thread:
            return None
        if fullname == _DISPATCHER:
            return importlib.machinery.ModuleSpec(fullname, _Nothing())
        if not _BARE.fullmatch(fullname):
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        if spec is None or spec.submodule_search_locations is None:
            return None
        spec.loader = _Nothing()
        return spec


def _sdk_modules() -> dict[str, ModuleType]:
    return {n: m for n, m in sys.modules.items() if n == "lark_oapi" or n.startswith("lark_oapi.")}


def _lean() -> dict[str, Any]:
    """Import MODULES through the bare finder and take every trace out of ``sys.modules``. Raises
    _LayoutChanged, or whatever the import of a changed layout raises."""
    finder = _BareFinder()
    sys.meta_path.insert(0, finder)
    try:
        version = importlib.import_module("lark_oapi.core.const").VERSION
        if version != TESTED:
            raise _LayoutChanged(f"version {version}, not {TESTED}")
        return {name: importlib.import_module(name) for name in MODULES}
    finally:
        sys.meta_path.remove(finder)
        for name in _sdk_modules():
            del sys.modules[name]


def _load() -> dict[str, Any]:
    """The modules, by name: those already imported by somebody, else lean ones, else ordinary."""
    if not _sdk_modules():
        try:
            return _lean()
        except (_LayoutChanged, ImportError, AttributeError) as problem:
            log.warning("importing the whole of lark-oapi, which is slow: %s", problem)
    return {name: importlib.import_module(name) for name in MODULES}


def _loaded() -> dict[str, Any]:
    """Load in a thread of its own: the SDK takes, or makes, its thread's event loop as it is
    imported, and the main thread's must not be touched."""
    result: dict[str, Any] = {}
    problems: list[BaseException] = []

    def work() -> None:
        try:
            result.update(_load())
        except BaseException as problem:
            problems.append(problem)
        finally:
            client = result.get(CLIENT)
            if client is not None and client.loop is not None and not client.loop.is_running():
                _let_go(client)

    before = set(logging.getLogger("Lark").handlers)
    thread = threading.Thread(target=work, name="import lark_oapi")
    thread.start()
    thread.join()
    if problems:
        raise problems[0]
    _quieten(before)
    return result


def _let_go(client: Any) -> None:
    """Close the loop that a lean import made, so that no one leaks it; the whole SDK keeps its."""
    if sys.modules.get(CLIENT) is not client:
        client.loop.close()
        client.loop = None


def _quieten(before: set[logging.Handler]) -> None:
    """Take off the handler to stdout that importing the SDK puts on its logger; keep others'."""
    logger = logging.getLogger("Lark")
    for handler in set(logger.handlers) - before:
        logger.removeHandler(handler)
    logger.addFilter(masking.Masking())


_modules = _loaded()

Client: Any = _modules[CLIENT].Client
Frame: Any = _modules[CLIENT].Frame
ClientException: Any = _modules["lark_oapi.ws.exception"].ClientException
ServerException: Any = _modules["lark_oapi.ws.exception"].ServerException
LogLevel: Any = _modules["lark_oapi.core.enum"].LogLevel
const: Any = _modules["lark_oapi.ws.const"]
VERSION: str = _modules["lark_oapi.core.const"].VERSION
CreateMessageRequestBody: Any = _modules[MODULES[5]].CreateMessageRequestBody
ReplyMessageRequestBody: Any = _modules[MODULES[6]].ReplyMessageRequestBody
PatchMessageRequestBody: Any = _modules[MODULES[7]].PatchMessageRequestBody
