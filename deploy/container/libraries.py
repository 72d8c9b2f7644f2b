"""Print what the bot in an image needs, a requirement a line: an image installs it before the bot
itself. The extra ``postgres`` is among it, so that one image serves one bot as well as replicas."""

import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]
print("\n".join([*project["dependencies"], *project["optional-dependencies"]["postgres"]]))
