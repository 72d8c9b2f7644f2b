"""What the configuration says of templates: engines, RAM users, canaries, OOS, robots."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pytest

from bot import policy
from bot.commands import loader, registry
from bot.model.manifests import RateLimit
from bot.policy import identity
from tests.bot.configured import SMALL, Loader, change
from tests.bot.test_runbooks import CALLS, NOTIFY, TIMED
from tests.bot.test_runbooks import SMALL as TEMPLATE

ROOT = Path(__file__).resolve().parents[2]
LOOPED = (ROOT / "tests/payloads/oos/reboot-with-approval.yml").read_text("utf-8")
APPROVED = NOTIFY.replace("{action}", "Approve").replace("{how}", "WebHook") + (
    "      Approvers: [ben]\n"
)
ROBOT = '[[webhook.robot]]\nname = "ops"\nplatform = "dingtalk"\nurl = { env = "URL" }\n'
URL = "https://oapi.dingtalk.com/robot/send?access_token=t0ken"
ENVIRON = {"SECRET": "s3cr3t-Value", "URL": URL, "SIGN": "SECabc"}


@pytest.fixture
def load(tmp_path: Path) -> Loader:
    """Beside the file are the commands that ``SMALL`` and these tests name."""
    commands = tmp_path / "commands"
    (commands / "parts").mkdir(parents=True)
    for name in ("restart.py", "restart.sh", "freeze.py"):
        (commands / name).write_text((ROOT / "commands" / name).read_text("utf-8"), "utf-8")
    for name, text in (
        ("look.yml", TEMPLATE), ("reboot.yml", LOOPED), ("timed.yml", TIMED),
        ("agreed.yml", APPROVED), ("outer.yml", CALLS),
        ("parts/inner.yml", TEMPLATE),
        ("parts/reboot-one.yml", (ROOT / "commands/parts/reboot-one.yml").read_text("utf-8")),
    ):  # fmt: skip
        (commands / name).write_text(text, "utf-8")
    return Loader(tmp_path)


def told(*more: str) -> str:
    """The small configuration with this folder of commands; ``timed`` runs on OOS, and ben is the
    RAM user that ``agreed`` names."""
    text = change('id = "ben"', 'id = "ben"\nram = "ben"')
    return '[bot]\ncommands = "commands"\n' + text + ON_OOS + "".join(more)


ON_OOS = '[command.timed]\npolicy = "p"\nengine = "oos"\n'


def known(folder: Path, elsewhere: Collection[str]) -> list[registry.Command]:
    return list(loader.load(folder, elsewhere))


def test_what_becomes_of_good_tables(load: Loader) -> None:
    text = told(
        '[command.look]\npolicy = "p"\ndrift = "intersect"\n',
        '[command.outer]\npolicy = "c"\nengine = "oos"\noos_template = "T"\noos_version = "v3"\n',
        '[policy.c]\napprovers = ["ben"]\ncanary = 2\n',
        '[oos]\nwatch = true\npolicy = "p"\ngroup = "ops"\nsafety_check = "Skip"\n',
        '[webhook]\nhosts = ["hooks.corp.example"]\ntimeout = 3.0\n',
        ROBOT,
        'secret = { env = "SIGN" }\nkeywords = ["会签"]\n',
    ).replace(
        'region = "cn-hangzhou"', 'region = "cn-beijing"\nendpoints = { vpc = "https://vpc.x" }'
    )
    found = load(text, environ=ENVIRON, known_commands=known)
    book = found.book
    assert identity.of_ram(book, "ben") == book.people["ben"]
    assert book.people["ann"].ram == ""
    assert book.policies["c"].canary == 2
    assert (book.commands["look"].drift, book.commands["look"].engine) == ("intersect", "")
    outer = book.commands["outer"]
    assert (outer.engine, outer.oos_template, outer.oos_version) == ("oos", "T", "v3")
    assert (found.oos.watch, found.oos.policy, found.oos.group) == (True, "p", "ops")
    assert (found.oos.safety_check, found.oos.region) == ("Skip", "")
    assert (found.tables["webhook"].hosts, found.tables["webhook"].timeout) == (
        ("hooks.corp.example",),
        3.0,
    )
    [robot] = found.tables["webhook"].robot
    assert robot.url.reveal() == URL
    assert robot.secret is not None
    assert robot.secret.reveal() == "SECabc"
    assert robot.keywords == ("会签",)
    assert found.cloud.endpoints == {"vpc": "https://vpc.x"}
    assert "t0ken" not in repr(found) + str(found.tables["webhook"].model_dump())
    assert ["outer has no loop" in warning.message for warning in found.warnings] == [True]


def test_what_is_usual(load: Loader) -> None:
    found = load(SMALL)
    assert found.tables["webhook"].hosts == (
        "oapi.dingtalk.com",
        "open.feishu.cn",
        "open.larksuite.com",
    )
    assert found.tables["webhook"].robot == ()
    assert (found.oos.watch, found.oos.safety_check) == (False, "ConfirmEveryHighRiskAction")
    assert found.book.commands["restart"] == policy.CommandRule(policy="p", risk="")


@pytest.mark.parametrize(
    ("more", "key", "said"),
    [
        ('[command.look]\npolicy="p"\nuser="root"', "command.look.user", "look is a template"),
        ('[command.look]\npolicy="p"\ntimeout=60', "command.look.timeout", "has no use"),
        ('[command.look]\npolicy="p"\nworkdir="/x"', "command.look.workdir", "has no use"),
        ('[command.freeze]\npolicy="p"\ntargets=["x"]', "command.freeze.targets", "has no use"),
        ('[command.look]\npolicy="p"\ncommand_id="c"', "command.look.command_id", "has no use"),
        ('[command.look]\npolicy="p"\noos_template="T"', "command.look.oos_template",
         'has no use without engine = "oos"'),
        ('[command.look]\npolicy="p"\nengine="oos"\noos_version="v1"', "command.look.oos_version",
         "oos_template is missing"),
        ('[command.look]\npolicy="p"\nengine="os"', "command.look.engine", "did you mean oos?"),
        ('[command.look]\npolicy="p"\nengine="oos"\nallowed_targets=["web-*"]',
         "command.look.allowed_targets", 'say unjudged_calls = "allow"'),
        ('[command.look]\npolicy="p"\nengine="oos"\nmost_targets=3',
         "command.look.most_targets", "OOS makes the calls"),
        ('[command.look]\npolicy="p"\ntargets=["web-1"]', "command.look.targets", "never used"),
        ('[command.reboot]\npolicy="p"\ntargets=["web-1"]', "command.reboot.targets",
         "people always name the instances"),
        ('[policy.q]\napprovers=["ben"]\ncanary=-1', "policy.q.canary", "at least 0"),
        ('[[person]]\nid="cat"\ndingtalk="c"\nram="ben"', "person.ram", "already ben (line "),
        ('[[person]]\nid="cat"\ndingtalk="c"\nram="c@x"', "person.ram", "the part before @"),
        ('[oos]\nwatch=true\npolicy="p"', "oos", "group is missing"),
        ('[oos]\npolicy="q"', "oos.policy", "there is no policy q"),
        ('[oos]\ngroup="opss"', "oos.group", "there is no group opss, did you mean ops?"),
        ('[oos]\ngroup="ops"\nplatform="lark"', "oos.group", "is on dingtalk, but this watch on"),
        ('[oos]\nsafety_check="skip"', "oos.safety_check", "did you mean Skip?"),
        ('[[group]]\nplatform="lark"\nchat="o"\nname="ops"\n[oos]\ngroup="ops"', "oos.group",
         "a group ops on dingtalk and lark; say which"),
        ('[webhook]\nhosts=["http://10.0.0.1"]', "webhook.hosts", "to another machine"),
        ('[webhook]\nhosts=[]', "webhook.hosts", "must name at least 1"),
        (ROBOT + ROBOT, "webhook.robot.name", "has this name already"),
        (ROBOT.replace("dingtalk", "slack"), "webhook.robot.platform", "must be one of"),
        (ROBOT.replace("dingtalk", "plain") + 'secret={ env="SIGN" }', "webhook.robot.secret",
         "nothing is signed there"),
        (ROBOT.replace('{ env = "URL" }', f'"{URL}"'), "webhook.robot.url", "plain text"),
        (ROBOT.replace('"URL"', '"NOT"'), "webhook.robot.url", "NOT is not set"),
        (ROBOT.replace('"URL"', '"BAD"'), "webhook.robot.url", "holds no usable address"),
        (ROBOT.replace('"URL"', '"PLAIN"'), "webhook.robot.url", "readable by anyone"),
        ('[[budget]]\nplatform="webhook"\nkinds=["card"]\nper="chat"\ncount=1\nper_seconds=1',
         "budget.kinds", "webhook has no card; it has say"),
    ],
)  # fmt: skip
def test_what_is_refused(load: Loader, more: str, key: str, said: str) -> None:
    environ = {**ENVIRON, "BAD": "robot t0ken", "PLAIN": "http://h/?access_token=t0ken"}
    text = told(more, "\n")
    found = load.faults(text, environ=environ, known_commands=known)
    assert [fault for fault in found if fault.mark.path == key and said in fault.message], found
    first = text.split("\n").index(more.split("\n")[0]) + 1
    assert all(fault.mark.line >= first for fault in found), found
    assert "t0ken" not in "".join(map(str, found))


@pytest.mark.parametrize("key", ['engine = "oos"', 'oos_template = "x"', 'drift = "ask"'])
def test_a_script_has_no_engine(load: Loader, key: str) -> None:
    text = told().replace(
        '[command.restart]\npolicy = "p"', f'[command.restart]\npolicy="p"\n{key}'
    )
    assert any(
        "has no use: restart is no template" in fault.message
        for fault in load.faults(text, known_commands=known)
    )


def test_what_only_oos_can_do_is_a_fault_unless_oos_does_it(load: Loader) -> None:
    [fault] = load.faults(told().replace('engine = "oos"\n', ""), known_commands=known)
    assert (fault.mark.path, fault.mark.line) == ("bot.commands", 2)
    assert fault.message.startswith(
        "timed.yml:6:27: `ACS::TimerTrigger` runs on OOS itself only: it starts by itself"
    )


def test_whom_a_template_wants_must_be_a_person(load: Loader) -> None:
    agreed = '[command.agreed]\npolicy = "p"\n'
    assert load(told(agreed), known_commands=known)
    text = told(agreed).replace('ram = "ben"', 'ram = "benn"')
    [fault] = load.faults(text, known_commands=known)
    assert fault.mark.path == "command.agreed"
    assert fault.mark.line == text.split("\n").index("[command.agreed]") + 1
    assert fault.message == (
        "agreed.yml:6:5 wants the approval of ben, but no person has that ram, did you mean benn?"
    )
    nobody = told(agreed).replace('ram = "ben"\n', "")
    assert 'write ram = "ben"' in load.faults(nobody, known_commands=known)[0].message


def test_budgets_of_robots(load: Loader) -> None:
    own = '[[budget]]\nplatform="webhook"\nkinds=["say"]\nper="chat"\ncount=20\nper_seconds=60\n'
    found = load(SMALL + own)
    assert RateLimit("webhook", ("say",), "chat", 20, 60.0) in found.budgets
    assert not found.warnings
