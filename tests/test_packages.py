"""What runs the bot elsewhere: the systemd unit, the image, compose and Kubernetes. No container
engine is needed: the files are held against their linters, each other, and the bot."""

from __future__ import annotations

import itertools
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


def compose(name: str) -> dict[str, Any]:
    """What a file of compose says of the bot."""
    text = (DEPLOY / "container" / name).read_text("utf-8")
    service: dict[str, Any] = yaml.safe_load(text)["services"]["bot"]
    return service


def manifests(name: str) -> dict[str, dict[str, Any]]:
    text = (DEPLOY / "kubernetes" / name).read_text("utf-8")
    return {one["kind"]: one for one in yaml.safe_load_all(text)}


def head(path: Path) -> str:
    """What a file says before anything else, in comments."""
    lines = path.read_text("utf-8").splitlines()
    comments = itertools.takewhile(lambda line: line.startswith("#"), lines)
    return "\n".join(line.removeprefix("#").removeprefix(" ") for line in comments)


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
    extra = project["optional-dependencies"]["postgres"]
    assert listed.stdout.splitlines() == [*project["dependencies"], *extra]


@pytest.mark.parametrize(
    ("name", "data_volume", "ports"),
    [("compose.yaml", "data:/data", "9464"), ("replicas.yaml", "/data", "9464-9466")],
)
def test_image_and_compose_agree(name: str, data_volume: str, ports: str) -> None:
    words = yaml.safe_load(instruction("CMD"))
    assert words[0] in program.main.commands
    where = Path(words[words.index("--config") + 1]).parent
    data, port = instruction("VOLUME"), int(instruction("EXPOSE"))
    assert Path(instruction("WORKDIR")) == where
    assert f"http://127.0.0.1:{port}/healthz" in CONTAINERFILE.read_text("utf-8")

    service = compose(name)
    assert service["user"] == instruction("USER")
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    named = data_volume.split(":")[-1]
    mounts = [volume.split(":") for volume in service["volumes"] if volume != data_volume]
    assert named == data
    assert data_volume in service["volumes"]
    assert {mount[1]: mount[2:] for mount in mounts} == {str(where): ["ro"], "/run/secrets": ["ro"]}
    assert service["ports"] == [f"127.0.0.1:{ports}:{port}"]
    build = (DEPLOY / "container" / service["build"]["context"]).resolve()
    assert build == process.ROOT
    assert build / service["build"]["dockerfile"] == CONTAINERFILE


def test_each_replica_of_compose_has_a_port_and_a_data_folder_of_its_own() -> None:
    service = compose("replicas.yaml")
    first, last = service["ports"][0].split(":")[1].split("-")
    assert int(last) - int(first) + 1 == service["deploy"]["replicas"] == 3
    assert compose("compose.yaml").get("deploy") is None, "an SQLite file has one bot"
    text = (DEPLOY / "container" / "replicas.yaml").read_text("utf-8")
    assert yaml.safe_load(text)["volumes"].keys() == {"database"}


@pytest.mark.parametrize(
    ("name", "kind"), [("countersign.yaml", "StatefulSet"), ("replicas.yaml", "Deployment")]
)
def test_image_and_manifest_agree(name: str, kind: str) -> None:
    config = Path(yaml.safe_load(instruction("CMD"))[-1])
    data, port = instruction("VOLUME"), int(instruction("EXPOSE"))
    pod = manifests(name)[kind]["spec"]["template"]["spec"]
    (bot,) = pod["containers"]
    user = f"{pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}"
    assert user == instruction("USER")
    assert bot["securityContext"]["readOnlyRootFilesystem"] is True
    assert {mount["mountPath"] for mount in bot["volumeMounts"]} == {
        str(config.parent),
        "/run/secrets",
        data,
        "/tmp",
    }
    assert [one["containerPort"] for one in bot["ports"]] == [port]
    probes = [bot[f"{one}Probe"]["httpGet"]["path"] for one in ("startup", "liveness")]
    assert probes == ["/healthz", "/healthz"]
    assert bot["readinessProbe"]["httpGet"]["path"] == "/readyz"


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("countersign.yaml", {"StatefulSet"}),
        ("replicas.yaml", {"Deployment", "PodDisruptionBudget"}),
    ],
)
def test_the_manifest_is_what_kubernetes_takes(name: str, kinds: set[str]) -> None:
    path = DEPLOY / "kubernetes" / name
    command = [tool("kubernetes-validate"), "--strict", "--quiet", str(path)]
    checked = subprocess.run(command, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert manifests(name).keys() == {"ServiceAccount", "Service", "NetworkPolicy"} | kinds


def test_an_sqlite_file_has_one_pod_and_a_volume() -> None:
    stateful = manifests("countersign.yaml")["StatefulSet"]["spec"]
    assert stateful["replicas"] == 1, "one process writes the store"
    (claim,) = stateful["volumeClaimTemplates"]
    assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]


def test_replicas_go_one_at_a_time_and_lie_on_different_nodes() -> None:
    of = {kind: one["spec"] for kind, one in manifests("replicas.yaml").items() if "spec" in one}
    deployment, pod = of["Deployment"], of["Deployment"]["template"]["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    assert deployment["replicas"] == 3
    assert deployment["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0},
    }
    assert of["PodDisruptionBudget"]["maxUnavailable"] == 1
    spread = {one["topologyKey"]: one for one in pod["topologySpreadConstraints"]}
    assert spread.keys() == {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}
    assert spread["kubernetes.io/hostname"]["whenUnsatisfiable"] == "DoNotSchedule"
    selectors = [
        deployment["selector"]["matchLabels"],
        of["PodDisruptionBudget"]["selector"]["matchLabels"],
        of["Service"]["selector"],
        of["NetworkPolicy"]["podSelector"]["matchLabels"],
        *(one["labelSelector"]["matchLabels"] for one in spread.values()),
    ]
    for selector in selectors:
        assert selector.items() <= labels.items()
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert "emptyDir" in volumes["data"], "no replica needs what another kept"


@pytest.mark.parametrize(
    ("file", "named"),
    [("kubernetes/replicas.yaml", "kubernetes-1"), ("container/replicas.yaml", "")],
)
def test_replicas_are_configured_as_their_file_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, named: str
) -> None:
    """The bot takes the keys and the address in the head of a file, and the pod has its name."""
    text = head(DEPLOY / file)
    keys = re.findall(r"\b(store|key|replica) = (\{ \w+ = \"[^\"]+\" \})", text)
    (url,) = re.findall(r"postgresql://\S+", text)
    for name, content in {"database-url": url, "key": "k" * 32}.items():
        (tmp_path / name).write_text(content, "utf-8")
        (tmp_path / name).chmod(0o600)
    lines = [f"{key} = {value}" for key, value in keys]
    path = configuration(tmp_path, "\n".join(lines).replace("/run/secrets", str(tmp_path)))
    if named:
        (bot,) = manifests("replicas.yaml")["Deployment"]["spec"]["template"]["spec"]["containers"]
        (variable,) = [one["name"] for one in bot["env"]]
        monkeypatch.setenv(variable, named)
    settings = adapters.load(path)
    assert settings.location == url
    assert settings.bot.key is not None
    assert (settings.bot.replica is not None) == bool(named)
    warned = [str(one) for one in settings.warnings if "sslmode" in str(one)]
    assert bool(warned) == ("sslmode=disable" in url)


def configuration(folder: Path, lines: str = "") -> Path:
    """The file that ships, as the image has it, with more lines under [bot]."""
    text = (
        (process.ROOT / "bot.toml")
        .read_text("utf-8")
        .replace("sandbox/", f"{process.ROOT}/sandbox/")
    )
    text = text.replace('commands = "commands"', f'commands = "{process.ROOT}/commands"')
    text = re.sub(r"^data = .*$", f'data = "/data"\n{lines}', text, flags=re.MULTILINE)
    text += '\n[web]\noperate = "0.0.0.0:9464"\n' if "[web]" not in text else ""
    path = folder / "bot.toml"
    path.write_text(text, "utf-8")
    return path


def test_the_configuration_that_they_ask_for_is_one(tmp_path: Path) -> None:
    settings = adapters.load(configuration(tmp_path))
    assert settings.data == Path("/data")
