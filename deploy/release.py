"""``make release``: is this commit fit to be a release? With ``ARGS=--tag`` it gets its tag.

The version of pyproject.toml has a section of its own, with a date, at the top of CHANGELOG.md,
nothing is left under [Unreleased], the images in deploy/ carry it, the tag is free or on this very
commit, and nothing is uncommitted. The package is built into var/release/ and says this version.
"""

from __future__ import annotations

import argparse
import datetime
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADING = re.compile(r"^## \[(?P<name>[^\]]+)\](?: - (?P<date>\S+))?\s*$", re.MULTILINE)
IMAGE = re.compile(r"\bimage: countersign:(\S+)")


def git(root: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


def sections(changelog: str) -> list[tuple[str, str, str]]:
    """Name, date ("" without one) and text of each section, newest first."""
    headings = list(HEADING.finditer(changelog))
    ends = [*(heading.start() for heading in headings[1:]), len(changelog)]
    return [
        (heading["name"], heading["date"] or "", changelog[heading.end() : end].strip())
        for heading, end in zip(headings, ends, strict=False)
    ]


def version_of(root: Path) -> str:
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    return str(project["version"])


def notes(root: Path, version: str) -> str:
    """What the changelog says of this version."""
    changelog = (root / "CHANGELOG.md").read_text("utf-8")
    return next((text for name, _, text in sections(changelog) if name == version), "")


def problems(root: Path, today: datetime.date) -> list[str]:
    """What keeps this commit from being a release, each with what to do."""
    version = version_of(root)
    listed = sections((root / "CHANGELOG.md").read_text("utf-8"))
    wrong: list[str] = []
    unreleased = [text for name, _, text in listed if name == "Unreleased"]
    if any(unreleased):
        wrong.append(
            f"CHANGELOG.md has changes under [Unreleased]: move them under a heading"
            f" `## [{version}] - {today}`, or under that of the version that pyproject.toml gets"
        )
    released = [(name, date) for name, date, _ in listed if name != "Unreleased"]
    if not released or released[0][0] != version:
        newest = f"its newest is [{released[0][0]}]" if released else "it has none"
        wrong.append(f"CHANGELOG.md needs the section of {version} on top; {newest}")
    else:
        wrong += dated(released[0][1], version, today)
    if not notes(root, version) and released and released[0][0] == version:
        wrong.append(f"the section [{version}] of CHANGELOG.md is empty: say what changed")
    for path in sorted((root / "deploy").rglob("*.yaml")):
        for tag in IMAGE.findall(path.read_text("utf-8")):
            if tag != version:
                wrong.append(f"{path.relative_to(root)} runs countersign:{tag}, not {version}")
    at = git(root, "rev-parse", "--verify", "--quiet", f"v{version}^{{commit}}")
    if at and at != git(root, "rev-parse", "HEAD"):
        wrong.append(f"the tag v{version} is on another commit ({at[:8]}): raise the version")
    if git(root, "status", "--porcelain"):
        wrong.append("something is not committed: `git status` names it")
    return wrong


def dated(date: str, version: str, today: datetime.date) -> list[str]:
    try:
        day = datetime.date.fromisoformat(date)
    except ValueError:
        return [f"the section [{version}] of CHANGELOG.md needs its day: ` - {today}`"]
    return [f"[{version}] of CHANGELOG.md is dated {day}, in the future"] if day > today else []


def build(root: Path, version: str) -> Path:
    """The package, as ``pip install`` takes it. Raises SystemExit where it says another version."""
    folder = root / "var" / "release"
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), "."]
    subprocess.run(command, cwd=root, check=True)
    wheel = folder / f"countersign-{version}-py3-none-any.whl"
    if not wheel.is_file():
        raise SystemExit(f"{wheel.relative_to(root)} was not built: what is the version?")
    with zipfile.ZipFile(wheel) as packed:
        metadata = packed.read(f"countersign-{version}.dist-info/METADATA").decode()
    if f"\nVersion: {version}\n" not in metadata:
        raise SystemExit(f"{wheel.relative_to(root)} says another version than {version}")
    return wheel


def main() -> int:
    parser = argparse.ArgumentParser(prog="make release", description=__doc__)
    parser.add_argument("--tag", action="store_true", help="tag this commit, if it is fit")
    chosen = parser.parse_args()
    version = version_of(ROOT)
    wrong = problems(ROOT, datetime.date.today())
    if wrong:
        print(f"{version} is no release yet:", *(f"- {one}" for one in wrong), sep="\n")
        return 1
    wheel = build(ROOT, version)
    print(f"{version} is fit to be released: {wheel.relative_to(ROOT)}\n\n{notes(ROOT, version)}")
    if chosen.tag and not git(ROOT, "tag", "--list", f"v{version}"):
        message = f"Countersign {version}\n\n{notes(ROOT, version)}"
        command = ["git", "tag", "--annotate", "--cleanup=verbatim", "-m", message, f"v{version}"]
        subprocess.run(command, cwd=ROOT, check=True)
        print(f"\nTagged v{version}: `git push origin v{version}` publishes it.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
