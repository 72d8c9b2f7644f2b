"""Print what the bot needs, a requirement a line: an image installs it before the bot itself."""

import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]
print("\n".join(project["dependencies"]))
