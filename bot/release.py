"""Which release this is."""

from __future__ import annotations

import importlib.metadata
import tomllib
from pathlib import Path


def version() -> str:
    """Of the checkout that runs, or of the package where there is none."""
    pyproject = Path(__file__).resolve().parents[1] / "pyproject.toml"
    if pyproject.is_file():
        return str(tomllib.loads(pyproject.read_text("utf-8"))["project"]["version"])
    return importlib.metadata.version("countersign")
