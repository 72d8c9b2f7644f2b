"""``make release`` names what keeps a commit from being one."""

from __future__ import annotations

import datetime
import subprocess
from pathlib import Path

import pytest

from deploy import release

TODAY = datetime.date(2026, 12, 1)
CHANGELOG = """\
# Changelog

## [Unreleased]
{new}
## [1.2.0] - 2026-11-30

- That.

## [1.1.0]

- This.
"""


def git(root: Path, *words: str) -> None:
    names = ["-c", "user.name=Alice", "-c", "user.email=alice@example.com"]
    subprocess.run(["git", *names, *words], cwd=root, check=True, capture_output=True)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "pod.yaml").write_text("image: countersign:1.2.0\n")
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG.format(new=""))
    git(tmp_path, "init", "-q")
    commit(tmp_path)
    return tmp_path


def commit(root: Path) -> None:
    git(root, "add", "-A")
    git(root, "commit", "-qm", "One", "--allow-empty")


def test_a_commit_that_is_fit(root: Path) -> None:
    assert release.problems(root, TODAY) == []
    assert release.notes(root, "1.2.0") == "- That."
    git(root, "tag", "v1.2.0")
    assert release.problems(root, TODAY) == []


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("CHANGELOG.md", CHANGELOG.format(new="\n- New.\n"), "has changes under [Unreleased]"),
        (
            "CHANGELOG.md",
            CHANGELOG.format(new="").replace("1.2.0", "1.3.0"),
            "its newest is [1.3.0]",
        ),
        ("CHANGELOG.md", "# Changelog\n", "it has none"),
        ("CHANGELOG.md", CHANGELOG.format(new="").replace("- 2026-11-30", ""), "needs its day"),
        ("CHANGELOG.md", CHANGELOG.format(new="").replace("11-30", "12-31"), "in the future"),
        ("CHANGELOG.md", CHANGELOG.format(new="").replace("- That.", ""), "is empty"),
        ("deploy/pod.yaml", "image: countersign:1.1.0\n", "deploy/pod.yaml runs countersign:1.1.0"),
    ],
)
def test_what_keeps_a_commit_from_being_one(root: Path, name: str, text: str, words: str) -> None:
    (root / name).write_text(text)
    commit(root)
    (only,) = release.problems(root, TODAY)
    assert words in only


def test_a_version_that_was_tagged_before_and_what_is_not_committed(root: Path) -> None:
    git(root, "tag", "-a", "v1.2.0", "-m", "One")
    commit(root)
    (only,) = release.problems(root, TODAY)
    assert "raise the version" in only
    (root / "more").write_text("")
    assert "something is not committed: `git status` names it" in release.problems(root, TODAY)
