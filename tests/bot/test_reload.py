"""A reload judges what is open exactly as a restart with the same configuration does."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot import config, deployment, model
from bot.app import adapters, reload
from bot.config import parts
from bot.runtime import meter
from tests import stores
from tests.bot import stage as stage_
from tests.bot.run_stage import FLEET, NAP, RunStage
from tests.bot.stage import Stage, said

KEY = b"k" * 32
CODE = re.compile(r"\b[0-9a-f]{8,}\b")
FILE = """\
[dingtalk]
client_id = "app"
client_secret = { file = "secret" }
corps = ["corp"]
[aliyun]
region = "cn-hangzhou"
[bot]
locale = "en"
commands = "commands"
[[person]]
id = "alice"
dingtalk = "u-alice"
roles = ["dev"]
[[person]]
id = "bob"
dingtalk = "u-bob"
roles = ["sre"]
[[person]]
id = "carol"
dingtalk = "u-carol"
roles = ["sre"]
[[person]]
id = "dan"
dingtalk = "u-dan"
roles = ["sre"]
[role.dev]
commands = ["restart", "fleet", "nap"]
[role.sre]
commands = ["*"]
[policy.any]
approvers = ["role:sre"]
[policy.two]
approvers = ["role:sre"]
mode = "count"
count = 2
[command.restart]
policy = "any"
allowed_targets = ["web-*"]
[command.fleet]
policy = "any"
allowed_targets = ["web-*"]
unjudged_calls = "allow"
[command.nap]
policy = "any"
unjudged_calls = "allow"
[[group]]
platform = "dingtalk"
chat = "room"
name = "ops"
[[security.pattern]]
regex = "rm -rf /"
reason = "deletes all"
[[rule]]
name = "told"
pattern = { type = ["countersign.request.approved"] }
[[rule.target]]
group = "ops"
form = "TEMPLATE"
value = { who = "$.data.facts.by" }
template = "approved: ${who}"
"""


class ReloadStage(RunStage):
    """The stage with a configuration that stands in a file, and command files of its own."""

    def __init__(self, folder: Path, clock: stage_.Clock | None = None) -> None:
        self.folder = folder
        super().__init__(folder)
        if clock is not None:
            self.clock.time = clock.time
        settings = adapters.load(folder / "bot.toml")
        self.deployment = reload.deployment_of(settings, KEY)
        running = reload.loaded(settings, self.deployment)
        self.reloader = reload.Reloader(
            self.engine, self.clock, running, self._take, asyncio.Event()
        )
        self.loop.run_until_complete(self.reloader.begin())

    def _take(self, loaded: reload.Loaded) -> None:
        self.deployment = loaded.deployment

    def account(self, who: str) -> model.Account:
        return model.Account("dingtalk", "corp", f"u-{who}", who.title())

    def place(self, message: str = "") -> model.Place:
        return model.Place("dingtalk", "corp", "room", message)

    def reload(self) -> reload.Result:
        return self.loop.run_until_complete(self.reloader.reload("countersign", "signal"))


def furnish(folder: Path) -> Path:
    commands = folder / "commands"
    commands.mkdir(parents=True)
    for name in ("restart.py", "restart.sh", "status.py"):
        shutil.copy(stage_.COMMANDS / name, commands / name)
    (commands / "fleet.yml").write_text(FLEET.replace("TouchInstance", "RebootInstance"))
    (commands / "nap.yml").write_text(NAP.replace("ActNow", "DescribeRegions"))
    (folder / "secret").write_text("s3cr3t-Value")
    path = folder / "bot.toml"
    path.write_text(FILE)
    return path


# ----------------------------------------------------------------------------- what changes

Change = Callable[[Path], None]


def text(old: str, new: str) -> Change:
    def change(path: Path) -> None:
        before = path.read_text()
        assert old in before, old
        path.write_text(before.replace(old, new))

    return change


def several(*changes: Change) -> Change:
    def change(path: Path) -> None:
        for one in changes:
            one(path)

    return change


def file(name: str, old: str, new: str) -> Change:
    def change(path: Path) -> None:
        text(old, new)(path.parent / "commands" / name)

    return change


def gone(path: Path) -> None:
    (path.parent / "commands" / "restart.py").unlink()
    (path.parent / "commands" / "restart.sh").unlink()


BOB = '[[person]]\nid = "bob"\ndingtalk = "u-bob"\nroles = ["sre"]\n'
RESTART = '[command.restart]\npolicy = "any"\nallowed_targets = ["web-*"]\n'
CHANGES: dict[str, Change] = {
    "nothing": lambda path: None,
    "an approver left": text(BOB, ""),
    "an approver lost the role": text(BOB, BOB.replace("sre", "dev")),
    "an account is another's": several(
        text('dingtalk = "u-bob"', 'dingtalk = "u-robert"'),
        text('dingtalk = "u-carol"', 'dingtalk = "u-bob"'),
    ),
    "the requester left": text(
        'id = "alice"\ndingtalk = "u-alice"', 'id = "al"\ndingtalk = "u-al"'
    ),
    "the requester lost the right": text('commands = ["restart", ', "commands = ["),
    "a stricter policy": text("[policy.any]", '[policy.any]\nmode = "all"'),
    "another policy": text('policy = "any"', 'policy = "two"'),
    "the policy is gone": several(
        text("[policy.any]", "[policy.some]"), text('policy = "any"', 'policy = "some"')
    ),
    "one's own vote counts": text("[policy.any]", "[policy.any]\nself_approval = true"),
    "less time to start": text("[policy.any]", '[policy.any]\nrun_within = "1m"'),
    "a canary": text("[policy.any]", "[policy.any]\ncanary = 1"),
    "the command is gone": several(
        gone, text(RESTART, ""), text('commands = ["restart", ', "commands = [")
    ),
    "nobody may ask for it": text(RESTART, ""),
    "fewer targets": text('["web-*"]', '["web-02"]'),
    "a value is not allowed": text(RESTART, RESTART + 'allowed_values = { service = ["redis"] }\n'),
    "a template is another": file("fleet.yml", "Touches", "Strokes"),
    "a template that runs is gone": several(
        lambda path: (path.parent / "commands" / "nap.yml").unlink(),
        text('[command.nap]\npolicy = "any"\nunjudged_calls = "allow"\n', ""),
        text(', "nap"]', "]"),
    ),
    "calls must be judged": text('unjudged_calls = "allow"', 'unjudged_calls = "refuse"'),
    "the script is another": file("restart.sh", "set -", "# changed\nset -"),
    "a pattern forbids it": text("rm -rf /", "leak"),
    "a pattern asks for more": text(
        'regex = "rm -rf /"', 'regex = "leak"\naction = "escalate"\npolicy = "two"'
    ),
    "the group is another": text('chat = "room"', 'chat = "hall"'),
    "a rule is another": text("approved: ${who}", "agreed: ${who}"),
    "the rules are gone": text(FILE[FILE.index("[[rule]]") :], ""),
    "another language": text('locale = "en"', 'locale = "zh-CN"'),
}


OF_EACH_KIND = {
    "nothing",
    *("an approver lost the role", "an account is another's", "the requester lost the right"),
    *("a stricter policy", "the command is gone", "fewer targets", "a template is another"),
    *("calls must be judged", "a pattern asks for more", "the group is another"),
    "another language",
}
"""One change of people, rights, policies, commands, targets, templates, patterns, groups and words
each; the rest with the slow tests."""


# ----------------------------------------------------------------------------- what is open


def begin(stage: Stage) -> None:
    """Requests as far as each may have come: started, approved, undecided, only asked for."""
    for service in ("one", "two", "three"):
        request = stage.planned("alice", f"restart web-01 web-02 service={service} reason=leak")
        if service != "three":
            approve(stage, "bob", request.id)
        if service == "one":
            stage.work()
    for words in ("nap", "fleet targets=web-01", "fleet targets=web-02,web-03"):
        request = stage.planned("alice", words)
        if request.id < 6:
            approve(stage, "bob", request.id)
        if words == "nap":
            stage.work()
    stage.ask("alice", "restart web-01 web-02 service=four reason=leak")


def approve(stage: Stage, who: str, number: int) -> None:
    digest = stage.request(number).digest
    stage.click(who, number, "approve", model.short(digest) if digest else "")


def course(stage: ReloadStage) -> list[object]:
    """What becomes of them: who votes, what leaves, what is said, and what is on record."""
    seen: list[object] = []
    for who in ("", "bob", "carol", "dan"):
        for number in range(1, 8) if who else ():
            approve(stage, who, number)
        done = stage.work()
        seen += [body.kind for body in done] + said(done)
    stage.tick(120)
    for number in range(1, 8):
        stage.observe(number)
    seen += said(stage.work())
    stage.tick(3700)
    stage.ask("alice", "resume 4")
    seen += said(stage.work())
    seen += [(call.request, type(call.what).__name__) for call in stage.calls]
    stage.ask("bob", "restart web-02 reason=other")
    seen += said(stage.work())
    rows = stage.read(lambda reader: list(reader.chain()))
    seen += [(row.actor, row.action) for row in rows if row.action != "configuration.changed"]
    seen += [row.facts["by"] for row in rows if row.action == "request.approved"]
    # codes of plans have a nonce in them, hashes of the audit log how it was configured anew
    seen = [CODE.sub("#", one) if isinstance(one, str) else one for one in seen]
    requests = [stage.request(number) for number in range(1, 8)]
    return [*seen, *((request.state, request.note, request.policies) for request in requests)]


class Begun:
    """A bot on whose store requests are open, which is there again for each ``stage``."""

    def __init__(self, folder: Path) -> None:
        self.path, self._kept = furnish(folder / "here"), folder / "kept"
        stage = ReloadStage(self.path.parent)
        begin(stage)
        stage.close()
        self._count, self._clock = stage.count, stage.clock
        shutil.move(self.path.parent, self._kept)
        self._store, self._copy = stage.path, self._kept / stage.path.name
        if stores.POSTGRES:
            stores.copied(self._store, self._copy, lasting=True)
        self.usual = self.course()[0]

    def course(
        self, before: Change = lambda path: None, while_it_runs: Change = lambda path: None
    ) -> tuple[list[object], list[object]]:
        """What becomes of the requests where it is changed before the bot starts, or is reloaded;
        and what is on record of that."""
        shutil.rmtree(self.path.parent, ignore_errors=True)
        shutil.copytree(self._kept, self.path.parent)
        if stores.POSTGRES:
            stores.copied(self._copy, self._store)
        before(self.path)
        stage = ReloadStage(self.path.parent, self._clock)
        stage.count = self._count
        while_it_runs(self.path)
        result = stage.reload()
        assert result.faults == ()
        seen = course(stage)
        rows = stage.read(lambda reader: list(reader.chain()))
        stage.close()
        return seen, [row.facts["by"] for row in rows if row.action == "configuration.changed"]


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Begun:
    return Begun(tmp_path_factory.mktemp("begun"))


@pytest.mark.parametrize(
    "change",
    [
        name if name in OF_EACH_KIND else pytest.param(name, marks=pytest.mark.slow)
        for name in CHANGES
    ],
)
def test_a_reload_judges_as_a_restart_does(begun: Begun, change: str) -> None:
    reloaded, by_reload = begun.course(while_it_runs=CHANGES[change])
    restarted, by_start = begun.course(before=CHANGES[change])
    assert reloaded == restarted
    assert (by_reload, by_start) == (([], []) if change == "nothing" else (["signal"], ["start"]))
    assert (reloaded == begun.usual) == (change == "nothing")


# ----------------------------------------------------------------------------- whole or not at all


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[ReloadStage]:
    made = ReloadStage(furnish(tmp_path / "here").parent)
    yield made
    made.close()


def configured(stage: ReloadStage) -> list[str]:
    """What is on record of configurations."""
    rows = stage.read(lambda reader: list(reader.chain()))
    return [row.action for row in rows if row.action.startswith("configuration.")]


BAD: dict[str, tuple[Change, str]] = {
    "the syntax of the file": (text("[aliyun]", "[aliyun"), "bot.toml:5  not valid TOML"),
    "its meaning": (text('policy = "any"', 'policy = "none"'), "there is no policy none"),
    "a command's syntax": (file("status.py", "from __future__", "form __future__"), "status.py:3"),
    "a command that fails": (file("status.py", "from bot", "1 / 0\nfrom bot"), "ZeroDivisionError"),
    "a script": (file("restart.sh", "set -", "if set -"), "restart.sh"),
    "a command that is gone": (gone, "restart"),
    "a secret": (lambda path: (path.parent / "secret").unlink(), "there is no file"),
    "the file": (lambda path: path.unlink(), "there is no such file"),
    "a credential": (
        lambda path: (path.parent / "secret").write_text("another") and None,
        "needs a restart: dingtalk.client_secret",
    ),
    "the folder of data": (
        text("[bot]", '[bot]\ndata = "elsewhere"'),
        "needs a restart: bot.data",
    ),
    "what nobody thought of": (
        file(
            "status.py",
            "from bot",
            "class Odd(Exception):\n    def __str__(self): 1 / 0\nraise Odd\nfrom bot",
        ),
        "",
    ),
    "a platform": (
        text("[aliyun]", '[console]\nsocket = "s"\n[aliyun]'),
        "",
    ),
}


@pytest.mark.parametrize("bad", BAD)
def test_what_is_bad_anywhere_changes_nothing(stage: ReloadStage, bad: str) -> None:
    """And neither does what was good beside it."""
    path = stage.folder / "bot.toml"
    before = (stage.deployment, stage.reloader.running)
    change, fault = BAD[bad]
    text("approved: ${who}", "agreed: ${who}")(path)
    change(path)
    result = stage.reload()
    assert result.faults
    assert fault in "\n".join(result.faults)
    assert (stage.deployment, stage.reloader.running) == before
    told = stage.engine.meter.configuration
    assert told is not None
    assert (told.digest, told.refused) == (result.digest[:8], True)
    assert configured(stage) == ["configuration.refused"]
    assert result.digest == before[1].digest
    noted = stage.read(lambda reader: reader.configuration())
    assert parts.digest(json.loads(noted)) == before[1].digest


def test_what_command_files_import_is_read_anew(
    stage: ReloadStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Be it changed within a second, to something as long; a refusal leaves what was before."""
    commands = stage.folder / "commands"
    monkeypatch.syspath_prepend(str(commands))
    shared, command = commands / "_words.py", commands / "status.py"
    shared.write_text('SUMMARY = ("甲", "One")\n')
    command.write_text(
        re.sub(
            r"summary=\(.*?\)", "summary=SUMMARY", command.read_text(), count=1, flags=re.S
        ).replace("from bot import", "from _words import SUMMARY\n\nfrom bot import", 1)
    )

    def summary() -> object:
        found = stage.deployment.catalog.find("status")
        assert found is not None
        return found.summary

    assert stage.reload().faults == ()
    first = summary()
    shared.write_text('SUMMARY = ("乙", "Two")\n')
    assert stage.reload().faults == ()
    assert summary() != first
    second, module = summary(), sys.modules["_words"]
    shared.write_text('SUMMARY = ("丙", "Tri")\n')
    (commands / "broken.py").write_text("1 / 0")
    assert stage.reload().faults
    assert summary() == second
    assert sys.modules["_words"] is module


def test_two_at_once_are_one_after_the_other(stage: ReloadStage) -> None:
    path = stage.folder / "bot.toml"
    text("approved: ${who}", "agreed: ${who}")(path)

    async def both() -> list[reload.Result]:
        ways = [stage.reloader.reload("countersign", "signal") for _ in range(2)]
        return await asyncio.gather(*ways)

    stage.clock.advance(5)
    first, second = stage.loop.run_until_complete(both())
    told = meter.Configuration(first.digest[:8], stage.clock.now())
    assert stage.engine.meter.configuration == told
    assert (bool(first.difference), bool(second.difference)) == (True, False)
    assert first.digest == second.digest
    assert configured(stage) == ["configuration.changed"]


def test_files_that_change_while_they_are_read_are_read_again(
    stage: ReloadStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A catalog of one moment and digests of another are never taken together."""
    script, made = stage.folder / "commands" / "restart.sh", reload.deployment_of
    changes: list[int] = []

    def slowly(settings: config.Config, key: bytes | None = None) -> deployment.Deployment:
        if len(changes) < most:
            script.write_text(script.read_text() + f"# {len(changes)}\n")
            changes.append(1)
        return made(settings, key)

    monkeypatch.setattr(reload, "deployment_of", slowly)
    most = 1
    result = stage.reload()
    assert str(result.difference) == "~commands/restart.sh"
    most = 100
    assert "change while they are read" in "\n".join(stage.reload().faults)


def test_a_link_that_leads_elsewhere_is_followed(tmp_path: Path) -> None:
    """As that of a mounted folder whose content is replaced as a whole."""
    for name in ("first", "second"):
        text("[bot]", f'[bot]\ndata = "{tmp_path}/data"')(furnish(tmp_path / name))
    text("approved: ${who}", "agreed: ${who}")(tmp_path / "second" / "bot.toml")
    folder = tmp_path / "link"
    folder.symlink_to("first")
    stage = ReloadStage(folder)
    folder.unlink()
    folder.symlink_to("second")
    shutil.rmtree(tmp_path / "first" / "commands")
    (tmp_path / "first" / "bot.toml").unlink()
    result = stage.reload()
    assert result.faults == ()
    assert "rule.told.target" in str(result.difference)
    answer = stage.loop.run_until_complete(
        stage.reloader.answer("console:root", str(tmp_path / "second" / "bot.toml"))
    )
    assert answer["taken"]
    other = stage.loop.run_until_complete(
        stage.reloader.answer("console:root", str(tmp_path / "elsewhere" / "bot.toml"))
    )
    assert not other["taken"]
    stage.close()
