"""The text of a script as it will run: its values quoted, so that they stay data."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

from bot import texts
from bot.commands.answers import Script

SCRIPT_BYTES = 18 * 1024
"""Cloud Assistant takes 24 KB after Base64, which is 18 KB before."""
_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")
_SHELL = re.compile(r"#!\s*\S*/(env\s+)?(ba|da|k|z)?sh\b")
_SINGLE_QUOTES = re.compile("['\u2018-\u201b]")
_SHELLS = frozenset(
    {
        "PATH", "IFS", "ENV", "CDPATH", "GLOBIGNORE", "SHELLOPTS", "PS4", "PROMPT_COMMAND",
        "POSIXLY_CORRECT", "PPID", "UID", "EUID", "RANDOM", "SECONDS", "LINENO", "PWD", "OLDPWD",
        "OPTIND", "OPTARG", "OPTERR", "FUNCNAME", "GROUPS", "DIRSTACK", "PIPESTATUS", "_",
    }
)  # fmt: skip
"""Variables of the shell itself: where programs are found, how words are split, what is read before
a script. Some cannot be set; with others the script does something else."""
_SHELLS_STARTS = ("BASH", "LD_", "DYLD_")
_WINDOWS = frozenset(
    {"HOST", "PID", "HOME", "TRUE", "FALSE", "NULL", "ERROR", "ARGS", "INPUT", "PSHOME", "PWD", "_"}
)
"""Those of PowerShell, which tells no capital letters from others."""


class BadScript(ValueError):
    """A script that must not be planned. ``key`` and ``facts`` name the sentence in
    ``bot.texts``."""

    def __init__(self, key: str, **facts: object) -> None:
        super().__init__(texts.say("en", key, **facts))
        self.key = key
        self.facts = facts


def render(script: Script) -> str:
    """The text that will run: the shebang first, then one quoted assignment per parameter, then the
    source unchanged.

    A value reaches the script as data: quoted for the shell, and never expanded by Cloud Assistant,
    whose ``{{name}}`` and ``{{oos-secret:name}}`` are refused in values. BadScript (a ValueError):
    a variable name, a value or a source that cannot be rendered safely.
    """
    _check(script, script.source, script.type == "RunPowerShellScript")
    if script.type == "RunPowerShellScript":
        return _powershell(script.source, script.parameters)
    if script.type != "RunShellScript":
        if script.parameters:
            raise BadScript("script.not_shell", type=script.type)
        return script.source
    shebang, rest = "#!/bin/bash", script.source
    if rest.startswith("#!"):
        shebang, _, rest = rest.partition("\n")
        if script.parameters and not _SHELL.match(shebang):
            raise BadScript("script.not_shell", type=shebang)
    lines = [f"{name}={shlex.quote(value)}" for name, value in script.parameters.items()]
    return "\n".join([shebang, *lines, rest])


def render_windows(script: Script) -> str:
    """The text that will run on Windows: one quoted assignment per parameter, then ``windows``
    unchanged. BadScript as of ``render``."""
    _check(script, script.windows, True)
    return _powershell(script.windows, script.parameters)


def _powershell(source: str, parameters: Mapping[str, str]) -> str:
    """A value stands between single quotes, where only a quote is special; PowerShell takes the
    typographic ones for quotes, too, and each doubled for itself."""
    lines = [
        f"${name} = '{_SINGLE_QUOTES.sub(lambda quote: quote[0] * 2, value)}'"
        for name, value in parameters.items()
    ]
    return "\n".join([*lines, source])


def _check(script: Script, source: str, windows: bool) -> None:
    for name, value in script.parameters.items():
        if not _NAME.fullmatch(name):
            raise BadScript("script.name", name=name)
        if name in _WINDOWS if windows else name in _SHELLS or name.startswith(_SHELLS_STARTS):
            raise BadScript("script.reserved", name=name)
        if "{{" in value or "}}" in value:
            raise BadScript("script.braces", name=name)
        _check_text(value, name)
    _check_text(source, "script")


def _check_text(text: str, name: str) -> None:
    if "\0" in text:
        raise BadScript("script.nul", name=name)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadScript("script.nul", name=name) from error
