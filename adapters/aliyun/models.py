"""What the SDKs say of the products' APIs, for templates to be judged by before they run.

The SDK of a product and a version (``alibabacloud_ecs20140526``) has a class for the request of
each API. Its text is read, and not run: that takes no second of imports, and only the text says
which parameters are required.
"""

from __future__ import annotations

import functools
import importlib.util
import re
from collections.abc import Collection, Mapping
from pathlib import Path

from adapters.aliyun import products, shapes

_CLASS = re.compile(r"^(?=class \w+\()", re.MULTILINE)
_FIELD = re.compile(r"^        (\w+): ([^=\n]+?) = None,", re.MULTILINE)
_TO_MAP = re.compile(r"if self\.(\w+) is not None:\s+result\['([^']+)'\]")
_LISTS = re.compile(r"result\['([^']+)'\] = \[\]\s+if self\.(\w+) is not None:")
_REQUIRED = re.compile(r"# This parameter is required\.(?:\s*#[^\n]*)*\s+self\.(\w+) = ")
_MODEL = re.compile(r"(List\[)?(?:main_models\.)?(\w+)\]?")
_PLAIN = frozenset({"str", "int", "float", "bool", "bytes", "Any", "dict", "Dict"})


class Models:
    """``bot.oos.check.apis.Models`` over the SDKs that are installed."""

    def names(self, service: str, version: str) -> Collection[str]:
        product = products.find(service)
        if product is None or version not in ("", product.version):
            return ()
        return _texts(_package(service)).names()

    def parameters(self, service: str, api: str) -> Collection[str]:
        return [field.wire for field in _texts(_package(service)).schema(api).values()]

    def required(self, service: str, api: str) -> Collection[str]:
        return _texts(_package(service)).required(api)

    def kind(self, service: str, api: str, name: str) -> str:
        field = shapes.find(_texts(_package(service)).schema(api), name)
        return "" if field is None or field[1].many else field[1].kind

    def wire(self, service: str, api: str, name: str) -> str:
        known = _texts(_package(service)).schema(api)
        product = products.find(service)
        if product is not None and name.lower() == "tags" and shapes.fold(product.tag) in known:
            return known[shapes.fold(product.tag)].wire
        field = shapes.find(known, name) or shapes.plural(known, name)
        return "" if field is None else field[0]


def _package(service: str) -> str:
    product = products.find(service)
    version = product.version.replace("-", "") if product is not None else ""
    return f"alibabacloud_{products.code(service).replace('-', '_')}{version}"


@functools.cache
def _texts(package: str) -> _Texts:
    spec = importlib.util.find_spec(package)
    places = spec.submodule_search_locations if spec is not None else None
    return _Texts(Path(places[0]) if places else None)


class _Texts:
    """The request classes of one SDK: a file for each in ``models/``, or all in ``models.py``."""

    def __init__(self, folder: Path | None) -> None:
        self._files: dict[str, Path] = {}
        self._classes: dict[str, str] = {}
        if folder is None:
            return
        if (folder / "models").is_dir():
            self._index(folder / "models" / "__init__.py")
        elif (folder / "models.py").is_file():
            self._read(folder / "models.py")

    def _index(self, package: Path) -> None:
        for module, name in re.findall(r"from \.(\w+) import (\w+)", package.read_text("utf-8")):
            self._files[name] = package.parent / f"{module}.py"

    def _read(self, path: Path) -> None:
        for part in _CLASS.split(path.read_text("utf-8"))[1:]:
            self._classes[part[6 : part.index("(")]] = part

    def names(self) -> Collection[str]:
        return _names(self)

    def schema(self, api: str) -> shapes.Schema:
        return _schema(self, f"{api}Request")

    def required(self, api: str) -> Collection[str]:
        text = self.text(f"{api}Request")
        wires = dict(_wires(text))
        return [wires[name] for name in _REQUIRED.findall(text) if name in wires]

    def text(self, name: str) -> str:
        """The text of a class; empty: there is none of this name."""
        if name in self._files and name not in self._classes:
            self._read(self._files[name])
        return self._classes.get(name, "")

    def known(self) -> Collection[str]:
        return {*self._files, *self._classes}


@functools.cache
def _names(texts: _Texts) -> tuple[str, ...]:
    names = (name.removesuffix("Request") for name in texts.known() if name.endswith("Request"))
    return tuple(sorted(name for name in names if not name.endswith("Shrink")))


@functools.cache
def _schema(texts: _Texts, name: str) -> shapes.Schema:
    """The parameters of a request, or of an object in it, by ``shapes.fold``."""
    text = texts.text(name)
    notes = dict(_FIELD.findall(text))
    return {
        shapes.fold(wire): _field(texts, wire, notes.get(attribute, "str"))
        for attribute, wire in _wires(text)
    }


def _wires(text: str) -> list[tuple[str, str]]:
    """Attributes and their names on the wire, those that are lists of objects, too."""
    lists = [(attribute, wire) for wire, attribute in _LISTS.findall(text)]
    return [*_TO_MAP.findall(text), *lists]


def _field(texts: _Texts, wire: str, note: str) -> shapes.Field:
    match = _MODEL.fullmatch(note)
    many = note.startswith("List[")
    if match is None or match[2] in _PLAIN:
        kind = "json" if note.startswith("Dict") else shapes.KINDS.get(note, "text")
        return shapes.Field(wire, kind, many)
    members: Mapping[str, shapes.Field] = _schema(texts, match[2])
    return shapes.Field(wire, "object", many, members)


def schema(service: str, api: str) -> shapes.Schema:
    """The parameters of an API, by ``shapes.fold``; empty: nothing is known of it."""
    return _texts(_package(service)).schema(api)
