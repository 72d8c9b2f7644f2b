"""One command file: run, and judged by what it declares. Every fault has the line of that file."""

from __future__ import annotations

import ast
import functools
import hashlib
import inspect
import re
import string
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, get_args

from bot import model, source, texts
from bot.commands import api, parameters, registry, rendering, script_files

_WORD = re.compile(r"[^\W\d_][\w-]{0,31}")
_ALIAS = re.compile(rf"{_WORD.pattern}|[a-z]+ [a-z]+")
"""Another name may be two words, such as "standing revoke"."""
_OURS = str(Path(__file__).parent)


@dataclass
class Page:
    """A command file, to tell where in it something stands. ``start`` is the line where the command
    is declared. ``tree``: its syntax; raises SyntaxError where it has none."""

    path: Path
    content: bytes = b""
    start: int = 1

    @functools.cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.content, str(self.path))

    def fault(self, line: int, sentence: str) -> source.Fault:
        return source.Fault(source.Mark(self.path.name, line), sentence)

    def line_of(self, error: BaseException) -> int:
        """The last line of this file that an exception came by."""
        frames = traceback.extract_tb(error.__traceback__)
        lines = [one.lineno for one in frames if one.filename == str(self.path) and one.lineno]
        return lines[-1] if lines else self.start

    def declared(self, key: str) -> int:
        """The line of an argument of the decorator; of the declaration where it is not there."""
        function = self._function()
        for decorator in function.decorator_list if function else ():
            for keyword in decorator.keywords if isinstance(decorator, ast.Call) else ():
                if keyword.arg == key:
                    return keyword.value.lineno
        return self.start

    def parameter(self, name: str) -> int:
        """The line of a parameter of the function."""
        function = self._function()
        if function is not None:
            arguments = function.args
            several = (arguments.vararg, arguments.kwarg)
            for arg in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *several):
                if arg is not None and arg.arg == name:
                    return arg.lineno
        return self.start

    def keyword(self, name: str) -> int:
        """The line where something is called with an argument of this name, as PATH=…"""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.keyword) and node.arg == name:
                return node.value.lineno
        return self.start

    def _function(self) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
                if first <= self.start <= node.lineno:
                    return node
        return None


def read(path: Path) -> tuple[Page, registry.Command]:
    """The command of a file. Raises Invalid."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise source.Invalid(f"{path.name}: cannot be read: {error.strerror}") from error
    page = Page(path, content)
    module = _run(page)
    faults: list[source.Fault] = []
    files = dict(_beside(path, faults))
    declared = [
        value
        for value in vars(module).values()
        if callable(value)
        and isinstance(getattr(value, "declared", None), api.Declared)
        and getattr(value, "__module__", "") == module.__name__
    ]
    if len(declared) != 1:
        raise source.Invalid(*faults, *_not_one(page, declared))
    version = hashlib.sha256(content)
    for name, text in files.items():
        version.update(f"\0{name}\0{text}".encode())
    page.start = _start(declared[0])
    result = _command(page, declared[0], version.hexdigest()[:12], files, faults)
    if result is None or faults:
        raise source.Invalid(*faults)
    return page, result


def _beside(path: Path, faults: list[source.Fault]) -> Iterator[tuple[str, str]]:
    """The scripts of a command, by name; what is wrong with them is added to ``faults``."""
    for beside in sorted(path.parent.glob(f"{path.stem}.*")):
        if beside.suffix not in script_files.SUFFIXES:
            continue
        try:
            text = script_files.read(beside)
        except source.Invalid as error:
            faults.append(source.Fault(source.Mark(beside.name), error.message))
            continue
        for line, sentence in script_files.faults(text, beside.suffix):
            faults.append(source.Fault(source.Mark(beside.name, line), sentence))
        yield beside.name, text


def _start(function: Callable[..., Any]) -> int:
    code = getattr(inspect.unwrap(function), "__code__", None)
    return code.co_firstlineno if code is not None else 1


def _not_one(page: Page, declared: list[Callable[..., Any]]) -> Iterator[source.Fault]:
    message = f"declares {len(declared)} commands; one file is one command"
    if not declared:
        yield page.fault(1, message)
    for function in declared[1:]:
        yield page.fault(_start(function), f"{message}; this is {vars(function)['declared'].name}")


@functools.lru_cache(maxsize=256)
def _compiled(content: bytes, path: str) -> CodeType:
    """Each start and each reload reads the files more than once. Raises as ``compile`` does."""
    return compile(content, path, "exec")


def _run(page: Page) -> ModuleType:
    """Run a command file as a module of its own: no other module sees what it defines."""
    path = page.path
    place = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]
    module = ModuleType(f"_commands_{place}.{path.stem}")
    module.__file__ = str(path)
    try:
        code = _compiled(page.content, str(path))
    except SyntaxError as error:
        kind = type(error).__name__
        message = f"does not load: {kind}: {error.msg}"
        raise source.Invalid(page.fault(error.lineno or 1, message)) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise source.Invalid(page.fault(1, f"does not load: {_named(error)}")) from error
    sys.modules[module.__name__] = module
    try:
        exec(code, vars(module))
    except (Exception, SystemExit) as error:
        del sys.modules[module.__name__]
        message = f"does not load: {_named(error)}"
        raise source.Invalid(page.fault(page.line_of(error), message)) from error
    return module


def _named(error: BaseException) -> str:
    """An exception as people find it in the manual: its kind, and what it says."""
    said = str(error)
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


# ----------------------------------------------------------------------------- declarations


def _command(
    page: Page,
    function: Callable[..., Any],
    version: str,
    files: Mapping[str, str],
    faults: list[source.Fault],
) -> registry.Command | None:
    """The command that a function is, where nothing is wrong with it; that is added to ``faults``
    else."""
    declared: api.Declared = vars(function)["declared"]
    faults += [
        page.fault(page.declared(key), message) for key, message in _declared_badly(declared)
    ]
    takes_context, items = False, tuple[parameters.Parameter, ...]()
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        message = "is async or yields; a command is a plain function that returns its answer"
        faults.append(page.fault(page.start, message))
    try:
        takes_context, items = parameters.of_function(function, api.Context)
    except (TypeError, NameError, AttributeError, SyntaxError, ValueError, re.error) as error:
        line = page.parameter(str(error).partition(":")[0])
        faults.append(page.fault(line, f"{declared.name}: {error}"))
    if wrong := _words_badly(declared.does, {each.name for each in items if not each.secret}):
        faults.append(page.fault(page.declared("does"), wrong))
    if takes_context and declared.kind == "operation":
        message = "an operation gets no Context: its script depends on its values alone"
        faults.append(page.fault(page.start, message))
    if faults:
        return None
    return registry.Command(
        declared.name,
        tuple(declared.aliases),
        declared.kind,
        declared.risk,
        declared.reads,
        dict(zip(texts.LOCALES, declared.summary, strict=True)),
        items,
        declared.example,
        version,
        function,
        files,
        takes_context,
        by_role=declared.by_role,
        does=dict(zip(texts.LOCALES, declared.does, strict=True)),
        internal=declared.internal,
    )


def _words_badly(does: object, names: Set[str]) -> str:
    """What is wrong with the words for what a command does: a sentence, or ""."""
    wanted = 'its does needs a line in Chinese and one in English: does=("…", "…")'
    if does == ("", ""):
        return ""
    if not isinstance(does, tuple) or [type(line) for line in does] != [str, str] or "" in does:
        return wanted
    try:
        used = {name for line in does for _, name, *_ in string.Formatter().parse(line) if name}
    except ValueError as error:
        return f"its does cannot be read: {error}"
    unknown = sorted(used - names)
    return f"its does names {', '.join(unknown)}, which it does not take" if unknown else ""


def _declared_badly(declared: api.Declared) -> Iterator[tuple[str, str]]:
    """What is wrong with what the decorator was given: the argument, and a sentence."""
    aliases: Any = declared.aliases
    if not isinstance(aliases, tuple | list) or not all(isinstance(one, str) for one in aliases):
        shown = f'("{aliases}",)' if isinstance(aliases, str) else '("…",)'
        yield "aliases", f"its aliases must be a tuple of words: aliases={shown}"
        aliases = ()
    for key, word in (("name", declared.name), *(("aliases", one) for one in aliases)):
        pattern = _ALIAS if key == "aliases" else _WORD
        if not isinstance(word, str) or not pattern.fullmatch(word):
            yield key, f"{word!r} is no word that can be typed as a command"
    lines: Any = declared.summary
    both = isinstance(lines, tuple | list) and len(lines) == len(texts.LOCALES)
    if not both or not all(isinstance(line, str) and line.strip() for line in lines):
        wanted = 'its summary needs a line in Chinese and one in English: summary=("…", "…")'
        yield "summary", wanted
    if not isinstance(declared.example, str) or not declared.example.strip():
        yield "example", "its example must be a line of text, as people would type it"
    for key, choices in (("risk", api.Risk), ("kind", api.Kind), ("reads", api.Reads)):
        value, known = getattr(declared, key), get_args(choices)
        if value not in known:
            named = ", ".join(one for one in known[:-1] if one)
            yield key, f"its {key} is {value!r}; it is {named} or {known[-1]}"
    known = get_args(model.InternalName)
    if declared.internal and declared.internal not in known:
        named = ", ".join(known)
        yield "internal", f"its internal is {declared.internal!r}; there are {named}"
    elif declared.internal and declared.kind != "operation":
        yield "internal", "only an operation can be an internal one: declare it with @operation"
    if not isinstance(declared.by_role, bool):
        yield "by_role", f"its by_role is {declared.by_role!r}; it is True or False"


# ----------------------------------------------------------------------------- a trial


def trial(
    page: Page, command: registry.Command, values: Mapping[str, object]
) -> Iterator[source.Fault]:
    """Plan a script for these values, those of the example: what goes wrong, and where."""
    planned = f"its example {command.example!r} plans no script"
    try:
        answer = command.call(None, values)
        if command.internal:
            return
        assert isinstance(answer, api.Script)
        rendered = [rendering.render(answer)]
        if answer.windows:
            rendered.append(rendering.render_windows(answer))
    except rendering.BadScript as bad:
        line = page.keyword(str(bad.facts.get("name", "")))
        yield page.fault(line, f"{planned}: {bad}")
        return
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        ours = Path(frames[-1].filename).parent == Path(_OURS) if frames else False
        yield page.fault(page.line_of(error), f"{planned}: {error if ours else _named(error)}")
        return
    size = max(len(text.encode()) for text in rendered)
    if size > rendering.SCRIPT_BYTES:
        most = rendering.SCRIPT_BYTES
        message = f"its script has {size} bytes; {most} is the most that Cloud Assistant takes"
        yield page.fault(page.start, message)
    if answer.type == "RunShellScript" and answer.name not in command.files:
        for number, sentence in script_files.faults(answer.source):
            yield page.fault(page.start, f"its script, line {number}: {sentence}")
