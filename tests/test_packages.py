"""What runs the bot elsewhere: the systemd unit, the image, compose and Kubernetes. No container
engine is needed: the files are held against their linters, each other, and the bot."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot import __main__ as program
from bot.app import adapters
from sandbox import process

DEPLOY = process.ROOT / "deploy"
UNIT = DEPLOY / "systemd" / "countersign.service"
CONTAINERFILE = DEPLOY / "container" / "Containerfile"
TOOLS = Path(sys.executable).parent


def tool(name: str) -> str:
    path = shutil.which(name, path=f"{TOOLS}:/usr/local/bin:/usr/bin:/bin")
    if path is None:
        pytest.skip(f"{name} is not here")
    return path


def unit() -> list[tuple[str, str]]:
    lines = [line for line in UNIT.read_text("utf-8").splitlines() if re.match(r"\w+=", line)]
    return [(name, value) for name, _, value in (line.partition("=") for line in lines)]


def instruction(name: str) -> str:
    """The last one of this name in the Containerfile, on one line."""
    text = CONTAINERFILE.read_text("utf-8").replace("\\\n", " ")
    return re.findall(rf"^{name} +(.+)$", text, re.MULTILINE)[-1].strip()


def compose() -> dict[str, Any]:
    text = (DEPLOY / "container" / "compose.yaml").read_text("utf-8")
    service: dict[str, Any] = yaml.safe_load(text)["services"]["bot"]
    return service


def manifests() -> dict[str, dict[str, Any]]:
    text = (DEPLOY / "kubernetes" / "countersign.yaml").read_text("utf-8")
    return {one["kind"]: one for one in yaml.safe_load_all(text)}


def test_the_unit_is_right_and_gives_the_bot_little(tmp_path: Path) -> None:
    analyze = tool("systemd-analyze")
    here = tmp_path / UNIT.name
    here.write_text(UNIT.read_text("utf-8").replace("/srv/countersign/app", str(process.ROOT)))
    text = re.sub(r"/[^\s=]+/python -m", f"{sys.executable} -m", here.read_text("utf-8"))
    here.write_text(text, "utf-8")
    command = [analyze, "verify", "--man=no", str(here)]
    verified = subprocess.run(command, capture_output=True, text=True)
    assert (verified.returncode, verified.stderr) == (0, "")
    command = [analyze, "security", "--offline=true", "--no-pager", str(here)]
    rated = subprocess.run(command, capture_output=True, text=True).stdout
    level = re.search(r"Overall exposure level for \S+: (\d+\.\d)", rated)
    assert level is not None, rated
    assert float(level[1]) <= 1.5, rated


def test_the_unit_calls_what_the_program_has() -> None:
    verbs = [value.partition(" -m bot ")[2] for name, value in unit() if name.startswith("Exec")]
    assert len(verbs) == 3
    for verb in verbs:
        assert verb.split()[0] in program.main.commands
        assert verb.endswith(" --config /etc/countersign/bot.toml")


def test_the_image_is_built_as_its_linter_wants() -> None:
    linted = subprocess.run([tool("hadolint"), str(CONTAINERFILE)], capture_output=True, text=True)
    assert (linted.returncode, linted.stdout) == (0, "")
    sources = re.findall(r"^COPY (?!--)(.+) \S+$", CONTAINERFILE.read_text("utf-8"), re.MULTILINE)
    for name in " ".join(sources).split():
        assert (process.ROOT / name).exists(), name


def test_the_image_installs_what_the_bot_needs_and_nothing_else() -> None:
    command = [sys.executable, str(DEPLOY / "container" / "libraries.py")]
    listed = subprocess.run(command, cwd=process.ROOT, capture_output=True, text=True, check=True)
    project = tomllib.loads((process.ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert listed.stdout.splitlines() == project["dependencies"]


def test_image_compose_and_manifest_agree() -> None:
    words = yaml.safe_load(instruction("CMD"))
    assert words[0] in program.main.commands
    where = Path(words[words.index("--config") + 1]).parent
    data, port = instruction("VOLUME"), int(instruction("EXPOSE"))
    assert Path(instruction("WORKDIR")) == where
    assert f"http://127.0.0.1:{port}/healthz" in CONTAINERFILE.read_text("utf-8")

    service = compose()
    assert service["user"] == instruction("USER")
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    mounts = [volume.split(":") for volume in service["volumes"]]
    assert {mount[1]: mount[2:] for mount in mounts} == {
        str(where): ["ro"],
        "/run/secrets": ["ro"],
        data: [],
    }
    assert service["ports"] == [f"127.0.0.1:{port}:{port}"]
    build = (DEPLOY / "container" / service["build"]["context"]).resolve()
    assert build == process.ROOT
    assert build / service["build"]["dockerfile"] == CONTAINERFILE

    stateful = manifests()["StatefulSet"]["spec"]
    assert stateful["replicas"] == 1, "one process writes the store"
    pod = stateful["template"]["spec"]
    (bot,) = pod["containers"]
    user = f"{pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}"
    assert user == instruction("USER")
    assert bot["securityContext"]["readOnlyRootFilesystem"] is True
    assert {mount["mountPath"] for mount in bot["volumeMounts"]} == {
        str(where),
        "/run/secrets",
        data,
        "/tmp",
    }
    assert [one["containerPort"] for one in bot["ports"]] == [port]
    probes = [bot[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness")]
    assert probes == ["/healthz", "/healthz"]
    assert bot["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_the_manifest_is_what_kubernetes_takes() -> None:
    path = DEPLOY / "kubernetes" / "countersign.yaml"
    command = [tool("kubernetes-validate"), "--strict", "--quiet", str(path)]
    checked = subprocess.run(command, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert manifests().keys() == {"ServiceAccount", "Service", "StatefulSet", "NetworkPolicy"}


def test_the_configuration_that_they_ask_for_is_one(tmp_path: Path) -> None:
    text = (
        (process.ROOT / "bot.toml")
        .read_text("utf-8")
        .replace("sandbox/", f"{process.ROOT}/sandbox/")
    )
    text = text.replace('commands = "commands"', f'commands = "{process.ROOT}/commands"')
    text = re.sub(r"^data = .*$", 'data = "/data"', text, flags=re.MULTILINE)
    text += '\n[web]\noperate = "0.0.0.0:9464"\n' if "[web]" not in text else ""
    path = tmp_path / "bot.toml"
    path.write_text(text, "utf-8")
    settings = adapters.load(path)
    assert settings.data == Path("/data")
