"""How a story's house differs from the one that ships: templates beside, lines of configuration,
what is stored on OOS, and how long machines take to reboot.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandbox import process
from sandbox.client import Sandbox

QUICK = 0.2
"""Seconds that a machine stays in each passing status."""
PRODUCTION = """
[[policy.when]]
more_targets_than = 4
tags = ["env=prod"]
match = "any"
policy = "every-sre"
reason = "many machines, or production"
reason_zh = "机器多，或是生产环境"
"""
"""A further policy for production, as lines of a configuration."""


@dataclass(frozen=True, slots=True)
class Setting:
    """``files``: further command files by their path in the folder. ``changes``: what stands in
    the configuration instead of what. ``more``: lines at its end. ``stored``: files of the folder
    that OOS knows by their name. ``secrets``: further files in ``secrets/``; DINGTALK in them
    becomes the address of the stand-in."""

    files: Mapping[str, str] = field(default_factory=dict)
    changes: Mapping[str, str] = field(default_factory=dict)
    more: str = ""
    stored: tuple[str, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict)


AS_SHIPPED = Setting()


def furnish(folder: Path, sandbox: Sandbox, setting: Setting) -> Path:
    """The configuration of a bot in this folder, with a folder of commands of its own. Raises
    ValueError for a change of what is not there."""
    path = process.configuration(folder, sandbox.ports, process.IMPATIENT + setting.more)
    commands = folder / "commands"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(process.ROOT / "commands", commands, ignore=ignored)
    for name, text in setting.files.items():
        (commands / name).write_text(text, "utf-8")
    for name, secret in setting.secrets.items():
        address = secret.replace("DINGTALK", sandbox.url("dingtalk"))
        (folder / "secrets" / name).write_text(address, "utf-8")
    text = path.read_text("utf-8")
    changes = {
        f'commands = "{process.ROOT}/commands"': f'commands = "{commands}"',
        **setting.changes,
    }
    for old, new in changes.items():
        if old not in text:
            raise ValueError(f"the configuration has no {old!r}")
        text = text.replace(old, new)
    path.write_text(text, "utf-8")
    return path


async def prepare(folder: Path, sandbox: Sandbox, setting: Setting) -> None:
    """Bring the sandbox into the state in which the story begins."""
    await sandbox.call("aliyun", "set_power", seconds=QUICK)
    for name in setting.stored:
        file = folder / "commands" / name
        content = file.read_text("utf-8")
        await sandbox.call("aliyun", "add_template", name=file.stem, content=content)
