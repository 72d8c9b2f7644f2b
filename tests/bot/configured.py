"""A small configuration, and loading texts as files: shared by the tests of ``bot.config``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot import config, source
from bot.app import adapters

SMALL = """\
[dingtalk]
client_id = "app"
client_secret = { env = "SECRET" }
corps = ["corp"]
[aliyun]
region = "cn-hangzhou"
[[person]]
id = "ann"
dingtalk = "u-ann"
roles = ["dev"]
[[person]]
id = "ben"
dingtalk = "u-ben"
[role.dev]
commands = ["restart"]
[policy.p]
approvers = ["ben"]
[command.restart]
policy = "p"
[[group]]
platform = "dingtalk"
chat = "c"
name = "ops"
"""
ENVIRON = {"SECRET": "s3cr3t-Value"}


class Loader:
    """Loads texts as a file named bot.toml in a folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "bot.toml"

    def __call__(self, text: str | bytes, **options: Any) -> config.Config:
        self.path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return adapters.load(self.path, **{"environ": ENVIRON, **options})

    def faults(self, text: str | bytes, **options: Any) -> tuple[source.Fault, ...]:
        """The faults of a text; it must have some."""
        with pytest.raises(config.ConfigError) as caught:
            self(text, **options)
        return caught.value.faults


def change(old: str, new: str) -> str:
    """The small configuration with something else in one place."""
    assert old in SMALL
    return SMALL.replace(old, new)


def line_of(text: str, start: str) -> int:
    """The number of the one line that begins so."""
    [number] = [n for n, line in enumerate(text.split("\n"), 1) if line.startswith(start)]
    return number
