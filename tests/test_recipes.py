"""Every "How to add …" of CONTRIBUTING.md, performed on a copy of the tree.

Each recipe is done in two halves. After the first, the tests that it names fail; after the second
they pass. All recipes share one copy and two runs of pytest, since starting is what takes time.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import steps

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("adapters", "bench", "bot", "commands", "docs", "sandbox", "tests")
FILES = (
    "bot.toml", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "pyproject.toml",
    "README.md", "README.zh-CN.md",
)  # fmt: skip


CONFIGURATION = "docs/reference/configuration.md"


class Tree:
    """A copy of the tree, to be changed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        away = shutil.ignore_patterns("*.png")
        for room in ROOMS:
            shutil.copytree(ROOT / room, root / room, ignore=away)
        for name in FILES:
            shutil.copy2(ROOT / name, root / name)

    def read(self, path: str) -> str:
        return (self.root / path).read_text("utf-8")

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, "utf-8")

    def edit(self, path: str, old: str, new: str) -> None:
        """Put ``new`` in place of ``old``, which must stand there; in front of it, where ``new``
        ends in it."""
        text = self.read(path)
        assert text.count(old) == 1, f"{path}: {old!r} stands there {text.count(old)} times"
        self.write(path, text.replace(old, new))

    def add(self, path: str, text: str) -> None:
        self.write(path, self.read(path) + text)

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environ = {**os.environ, "PYTHONPATH": str(self.root)}
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.root,
            env=environ,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def printed(self, *arguments: str) -> str:
        done = self.python("-m", *arguments)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def tests(self, nodes: list[str]) -> dict[str, str]:
        """How these tests end: "PASSED" or else, by their names."""
        done = self.python("-m", "pytest", "-n", "0", "-rA", "--tb=line", "-q", *nodes)
        ends = dict(
            reversed(line.split(" - ")[0].split(" ", 1))
            for line in done.stdout.splitlines()
            if re.match("(PASSED|FAILED|ERROR) ", line)
        )
        lost = [node for node in nodes if not any(one.startswith(node) for one in ends)]
        assert not lost, f"{lost} did not run: {done.stdout[-2000:]} {done.stderr[-2000:]}"
        return ends


@dataclass(frozen=True)
class Recipe:
    """``title`` is the word in bold of CONTRIBUTING.md. ``red`` fail between the halves and pass
    after them, ``green`` pass after them. ``last``: what is done when all others are through, as it
    would show in their tests; it says itself whether it works."""

    title: str
    begin: Callable[[Tree], None]
    finish: Callable[[Tree], None]
    red: tuple[str, ...] = ()
    green: tuple[str, ...] = ()
    last: Callable[[Tree], None] | None = None


# ----------------------------------------------------------------------------- the recipes


def command_begin(tree: Tree) -> None:
    page = tree.read("docs/how-to/write-a-command.md")
    for name, text in re.findall(r"<!-- command: (\S+) -->\n```\w+\n(.*?)```", page, re.DOTALL):
        tree.write(f"commands/{name}", text)
    [table] = re.findall(r"<!-- toml: part -->\n```toml\n(.*?)```", page, re.DOTALL)
    tree.edit("bot.toml", "[command.restart]\n", f"{table}\n[command.restart]\n")


def command_finish(tree: Tree) -> None:
    tree.printed("bot.reference.commands")
    tree.edit("tests/bot/test_catalog.py", '"help", "restart",', '"help", "disk", "restart",')
    assert "ok" in tree.printed("bot", "check", "--no-secrets").casefold()


COMMAND = Recipe(
    "a command",
    command_begin,
    command_finish,
    (
        "tests/commands/test_reference.py::test_the_page_is_up_to_date",
        "tests/bot/test_catalog.py::test_the_shipped_commands_load",
        "tests/test_docs.py::test_every_command_is_in_the_reference",
    ),
    ("tests/test_house.py::test_commands_use_what_the_bot_hands_out",),
)


def phrase_begin(tree: Tree) -> None:
    phrase = '    "whoami.parcel": ("{name} 收到包裹", "a parcel for {who}"),\n'
    tree.edit("bot/texts/silence.py", "PHRASES: dict[str, tuple[str, str]] = {\n",
              f"PHRASES: dict[str, tuple[str, str]] = {{\n{phrase}")  # fmt: skip


def phrase_finish(tree: Tree) -> None:
    tree.edit("bot/texts/silence.py", "parcel for {who}", "parcel for {name}")
    tree.add("bot/core/endings.py", '\n\nPARCEL = texts.say("en", "whoami.parcel", name="Alice")\n')


PHRASE = Recipe(
    "a phrase",
    phrase_begin,
    phrase_finish,
    (
        "tests/bot/test_texts.py::test_every_phrase_is_said_somewhere",
        "tests/bot/test_texts.py::test_both_languages_say_the_same_facts",
    ),
)


def setting_begin(tree: Tree) -> None:
    field = '    parcels: int = Field(default=3, description="How many parcels fit.")\n'
    tree.edit("bot/policy/model.py", "    asks_per_minute: int", f"{field}    asks_per_minute: int")


def setting_finish(tree: Tree) -> None:
    tree.edit("bot.toml", "asks_per_minute = 20", "# parcels = 3\nasks_per_minute = 20")
    tree.write(CONFIGURATION, tree.printed("bot", "docs", "configuration"))


SETTING = Recipe(
    "a setting",
    setting_begin,
    setting_finish,
    (
        "tests/bot/test_config_shipped.py::test_every_key_stands_in_the_shipped_file",
        "tests/bot/test_config_shipped.py::test_the_reference_describes_every_key",
        "tests/test_docs.py::test_every_setting_is_in_the_shipped_file_and_the_reference",
    ),
    ("tests/bot/test_config_shipped.py::test_the_commented_lines_show_the_true_defaults",),
)

METRIC = """\
    Family(
        "countersign_timer_next_seconds",
        "gauge",
        "For how long no timer is due.",
        (),
        lambda shot: [
            ((), (shot.status.next_timer - shot.now).total_seconds())
            for _ in [0]
            if shot.status.next_timer is not None
        ],
    ),
"""


def metric_begin(tree: Tree) -> None:
    last = '    Family(\n        "countersign_commit_jobs_total",'
    tree.edit("bot/web/families.py", last, METRIC + last)


def metric_finish(tree: Tree) -> None:
    tree.write("docs/reference/metrics.md", tree.printed("bot", "docs", "metrics"))


A_METRIC = Recipe(
    "a metric",
    metric_begin,
    metric_finish,
    ("tests/bot/test_metrics.py::test_the_reference_is_printed_from_the_code",),
    (
        "tests/bot/test_metrics.py::test_every_family_is_on_the_first_page",
        "tests/bot/test_metrics.py::test_labels_are_words_of_a_fixed_set",
    ),
)

ZONES = """\
FormatVersion: OOS-2019-06-01
Description: {en: Finds the zones of a region, zh-cn: 查询可用区}
Parameters:
  regionId:
    Label: {en: Region, zh-cn: 地域}
    Type: String
    Default: '{{ ACS::RegionId }}'
Tasks:
  - Name: find
    Action: ACS::ExecuteAPI
    Description: {en: Finds them, zh-cn: 查询}
    Properties: {Service: ECS, API: DescribeZones, Parameters: {RegionId: '{{ regionId }}'}}
    Outputs:
      zones: {Type: List, ValueSelector: '.Zones.Zone[].ZoneId'}
Outputs:
  zones: {Type: List, Value: '{{ find.zones }}'}
"""


def product_begin(tree: Tree) -> None:
    tree.write("bot/oos/products/ACS-ECS-DescribeZones.yml", ZONES)
    tree.add(
        "tests/bot/oos/test_products.py",
        "\n\nasync def test_zones(party: Aliyun) -> None:\n"
        '    assert (await works(party, "DescribeZones"))["zones"] == [f"{REGION}-a"]\n',
    )


def product_finish(tree: Tree) -> None:
    tree.edit(
        "sandbox/aliyun/parameters.py",
        '    "DescribeRegions": (),\n',
        '    "DescribeRegions": (),\n    "DescribeZones": ("RegionId",),\n',
    )
    zones = '{"Zones": {"Zone": [{"ZoneId": asked["RegionId"] + "-a"}]}}'
    tree.edit(
        "sandbox/aliyun/ecs.py",
        '            "ListTagResources": machines.tags,\n',
        '            "ListTagResources": machines.tags,\n'
        f'            "DescribeZones": lambda asked: {zones},\n',
    )
    print_templates(tree)


def print_templates(tree: Tree) -> None:
    tree.write("docs/reference/templates.md", tree.printed("bot", "docs", "templates"))


PAGE = "tests/bot/oos/test_reference.py::test_the_page_is_printed_from_the_code"
PRODUCT = Recipe(
    "a product action",
    product_begin,
    product_finish,
    ("tests/bot/oos/test_products.py::test_zones", PAGE),
    ("tests/bot/oos/test_products.py::test_each_is_whole[ACS::ECS::DescribeZones]",),
)


def api_begin(tree: Tree) -> None:
    tree.add(
        "tests/adapters/test_aliyun_products.py",
        "\n\nasync def test_parcels() -> None:\n"
        "    async with served(OK) as products, cloud(products) as one:\n"
        '        assert await document(one, call("Parcel", "DescribeParcels")) == OK\n'
        '    assert products.asked[0].version == "2026-01-01"\n',
    )


def api_finish(tree: Tree) -> None:
    entry = '    "parcel": _regional("2026-01-01", "parcel"),\n'
    tree.edit("adapters/aliyun/products.py", '    "ecs": _regional', f'{entry}    "ecs": _regional')


API = Recipe(
    "a product for `ACS::ExecuteAPI`",
    api_begin,
    api_finish,
    ("tests/adapters/test_aliyun_products.py::test_parcels",),
)


def action_begin(tree: Tree) -> None:
    spec = 'ActionSpec("ACS::Parcel", units.ParcelUnit, "Sends a parcel.", ("To",), loops=False)'
    sleep = '    yield ActionSpec("ACS::Sleep"'
    tree.edit("bot/oos/engine/actions.py", sleep, f"    yield {spec}\n{sleep}")
    tree.edit(
        "bot/oos/engine/units.py",
        "class SleepUnit(Unit):",
        "class ParcelUnit(Unit):\n"
        '    """ACS::Parcel: is there at once."""\n\n'
        "    def start(self, at: datetime) -> None:\n"
        '        self.accept({"To": self.text("To")}, at)\n\n\n'
        "class SleepUnit(Unit):",
    )


def action_finish(tree: Tree) -> None:
    print_templates(tree)
    template = "FormatVersion: OOS-2019-06-01\nTasks:\n  - {{Name: a, Action: acs::parcel{}}}\n"
    tree.write("parcel.yml", template.format(", Properties: {To: Alice}"))
    tree.write("empty.yml", template.format(""))
    assert "ok" in tree.printed("bot", "template", "validate", "parcel.yml")
    assert "the property To" in tree.python("-m", "bot", "template", "validate", "empty.yml").stdout


ACTION = Recipe("an action of templates", action_begin, action_finish, (PAGE,))


def function_begin(tree: Tree) -> None:
    tree.edit(
        "bot/oos/expr/functions/logic.py",
        'FUNCTIONS = (\n    Function("Equals"',
        'FUNCTIONS = (\n    Function("Parcels", "The number of parcels.", "包裹数。", "list",\n'
        "        (Example([1, 2], 2), Example([], 0)), len, wrong=base.takes_list),\n"
        '    Function("Equals"',
    )


FUNCTION = Recipe(
    "a function of templates",
    function_begin,
    print_templates,
    (PAGE,),
    ("tests/bot/oos/test_functions.py::test_examples",),
)


CLOSED = '''\
"""The conditions of what is closed for now."""

from __future__ import annotations

from bot.policy import conditions
from bot.policy.model import Refusal


def command(facts: conditions.Facts) -> Refusal | None:
    """Is the command open?"""
    if facts.command not in facts.book.closed:
        return None
    return Refusal("refused.closed", {"command": facts.command})
'''


def written(tree: Tree, heading: str) -> Iterator[steps.Step]:
    """The steps of the how-to in the tree."""
    return steps.of(steps.section(tree.read("docs/how-to/add-to-the-code.md"), heading))


def change(tree: Tree, heading: str) -> None:
    """What the how-to writes."""
    for step in written(tree, heading):
        match step:
            case steps.Edit(path, anchor, text, before):
                tree.edit(path, anchor, text + anchor if before else text)
            case steps.File(path, text):
                tree.write(path, text)


def print_pages(tree: Tree, heading: str) -> None:
    """What the how-to prints."""
    for step in written(tree, heading):
        if isinstance(step, steps.Command):
            tree.write(step.path, tree.printed(*step.words))


def target_finish(tree: Tree) -> None:
    print_pages(tree, "A rule target")
    rule = '[[rule]]\nname = "logged"\nwhen = \'$.source == "x"\'\n[[rule.target]]\nlog = "info"\n'
    tree.write("logged.toml", f"{tree.read('bot.toml')}\n{rule}")
    assert "ok" in tree.printed("bot", "check", "--no-secrets", "--config", "logged.toml")


TARGET = Recipe(
    "a rule target",
    lambda tree: change(tree, "A rule target"),
    target_finish,
    SETTING.red[1:],
    (
        "tests/bot/test_log_target.py::test_what_a_rule_made_of_an_event_stands_in_the_log",
        "tests/bot/test_config_shipped.py::test_every_key_stands_in_the_shipped_file",
        "tests/bot/test_texts.py::test_both_languages_say_the_same_facts",
        "tests/test_house.py::test_a_room_imports_lower_layers_only",
    ),
)


def page_finish(tree: Tree) -> None:
    print_pages(tree, "A page")
    assert "| NotSent | It is tried again" in tree.read("docs/reference/outcomes.md")


PAGE_OF_REFERENCE = Recipe(
    "a page",
    lambda tree: change(tree, "A page"),
    page_finish,
    ("tests/test_docs.py::test_links_lead_somewhere[docs/reference/README.md]",),
    (
        "tests/test_docs.py::test_every_page_is_reached_from_the_readme",
        "tests/test_house.py::test_a_room_imports_lower_layers_only",
    ),
)


def condition_begin(tree: Tree) -> None:
    tree.write("bot/policy/closing.py", CLOSED)
    tree.edit("bot/policy/gate.py", "import asking, calling, ", "import asking, calling, closing, ")
    tree.edit(
        "bot/policy/gate.py",
        "        asking.right,\n",
        "        asking.right,\n        closing.command,\n",
    )
    for first in ('    "approve",\n    (\n', '    "start",\n    (\n'):
        tree.edit("bot/policy/gate.py", first, f"{first}        closing.command,\n")
    about = 'Field(default=(), description="Commands that are closed for now.")'
    tree.edit(
        "bot/policy/model.py",
        "    most_open_per_person: int",
        f"    closed: Texts = {about}\n    most_open_per_person: int",
    )


def condition_finish(tree: Tree) -> None:
    tree.edit("bot.toml", "asks_per_minute = 20", "# closed = []\nasks_per_minute = 20")
    tree.write(CONFIGURATION, tree.printed("bot", "docs", "configuration"))
    tree.edit(
        "bot/texts/core.py",
        '    "refused.title": (',
        '    "refused.closed": ("{command} 暂停使用。", "{command} is closed for now."),\n'
        '    "refused.title": (',
    )
    tree.add(
        "tests/bot/refusals_asked.py",
        '\n\n@says("refused.closed")\ndef a_command_that_is_closed(play: Play) -> str:\n'
        '    play.stage.planned("alice", "restart web-01")\n'
        '    play.changed(closed=("restart",))\n'
        '    assert "is closed for now" in play.clicks("bob")\n'
        '    return play.writes("alice", "restart web-02")\n',
    )


CONDITION = Recipe(
    "a policy condition",
    condition_begin,
    condition_finish,
    (
        "tests/bot/test_texts.py::test_whatever_is_said_has_a_phrase",
        "tests/bot/test_config_shipped.py::test_every_key_stands_in_the_shipped_file",
    ),
    (
        "tests/bot/test_refusals.py::test_every_refusal_has_a_scenario_in_which_it_is_said",
        "tests/bot/test_refusals.py::test_a_refusal_is_said_where_it_is_so[refused.closed]",
        "tests/bot/test_gate.py::test_every_condition_stands_in_the_table",
        "tests/bot/test_gate.py::test_what_keeps_a_run_from_starting_is_judged_when_it_is_approved"
        "_but_for_votes_and_time",
    ),
)


def event_begin(tree: Tree) -> None:
    tree.add(
        "bot/model/effects.py",
        "\n\n@dataclass(frozen=True, slots=True)\nclass SendParcel:\n"
        '    """Send a parcel."""\n\n    to: str\n'
        '    kind: Literal["send_parcel"] = "send_parcel"\n',
    )
    tree.add("bot/model/effects.py", "\n\nEffect = Effect | SendParcel\n")
    tree.add(
        "bot/core/endings.py",
        "\n\ndef parcel(draft: Draft) -> None:\n"
        '    draft.enter("countersign", "parcel.sent", to="Alice")\n',
    )
    tree.edit("bot/audit.py", "from bot import", "from bot import failpoints\nfrom bot import")
    tree.add("bot/audit.py", '\n\ndef parcel() -> None:\n    failpoints.reach("audit.parcel")\n')


def event_finish(tree: Tree) -> None:
    page = "docs/reference/events-and-audit.md"
    say = re.search(r"^.*`say`.*$", tree.read(page), re.MULTILINE)
    assert say is not None
    tree.edit(page, say[0], f"| `send_parcel` | a parcel |\n{say[0]}")
    planned = re.search(r"^\| `request\.planned` \|.*$", tree.read(page), re.MULTILINE)
    assert planned is not None
    tree.edit(page, planned[0], f"{planned[0]}\n| `parcel.sent` | a parcel left | `to` |")
    tree.edit(
        "bot/event_schemas.py",
        '        "request.refused": {"reason": "string"},\n',
        '        "request.refused": {"reason": "string"},\n'
        '        "parcel.sent": {"to": "string"},\n',
    )
    words = '    "request.refused": ('
    own = '    "parcel.sent": ("寄出包裹", "sent a parcel"),\n'
    tree.edit("bot/texts/audit.py", words, own + words)
    tree.write("docs/reference/cloudevents.md", tree.printed("bot", "docs", "events"))
    tree.edit(
        "docs/reference/checkpoints.md",
        "| `engine.before_commit` |",
        "| `audit.parcel` | a parcel left |\n| `engine.before_commit` |",
    )


EVENT = Recipe(
    "an event, effect, audit action or checkpoint",
    event_begin,
    event_finish,
    (
        "tests/test_docs.py::test_every_event_effect_and_state_is_documented",
        "tests/test_docs.py::test_every_audit_action_is_documented_with_its_facts",
        "tests/test_docs.py::test_every_checkpoint_is_documented",
    ),
    (
        "tests/bot/test_event_schemas.py::"
        "test_the_schemas_have_the_actions_and_facts_that_the_audit_log_documents",
        "tests/bot/test_event_schemas.py::test_the_page_is_printed_from_the_code",
    ),
)


def migration_begin(tree: Tree) -> None:
    tree.edit(
        "bot/store/sqlite/schema.py",
        'OLDEST = "',
        "@migrations()  # type: ignore[untyped-decorator]\n"
        "def m999_parcels(db: sqlite_utils.Database) -> None:\n"
        '    """Parcels."""\n'
        '    db.execute("CREATE TABLE parcels (id INTEGER PRIMARY KEY)")\n\n\n'
        'OLDEST = "',
    )


def migration_finish(tree: Tree) -> None:
    last = re.findall(r' +"m0\d\d_\w+",\n', tree.read("tests/bot/test_store.py"))[-1]
    tree.edit("tests/bot/test_store.py", last, f'{last}            "m999_parcels",\n')


MIGRATION = Recipe(
    "a migration",
    migration_begin,
    migration_finish,
    ("tests/bot/test_store.py::test_a_store_is_made_once_and_keeps_its_identity",),
)

PIGEON = """\
\"\"\"Pigeons.\"\"\"

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from pydantic import Field

from bot import model{more}
from bot.model import ports
from bot.source.tables import settings
from bot.source.values import Organisations, Text


@settings
class Settings:
    \"\"\"The pigeons.\"\"\"

    loft: Text = Field(description="Where they start.")
    lofts: Organisations = Field(default=(), description="The lofts that the bot listens to.")


class Pigeon:
    name = "pigeon"

    def __init__(self, settings: Settings, clock: ports.Clock) -> None:
        self.settings, self.clock = settings, clock

    async def run(self, submit: ports.Submit, ready: Callable[[], None]) -> None:
        ready()
        await asyncio.Event().wait()

    def connection(self) -> ports.Connection | None:
        return None

    def follow(self, forms: Sequence[str], groups: Sequence[str]) -> None:
        \"\"\"They fly everywhere.\"\"\"

    async def perform(self, effect: ports.ChatEffect, attempt: model.Attempt) -> model.Outcome:
        return model.Done(ref=f"{self.settings.loft}:{attempt.number}")

    async def close(self) -> None:
        \"\"\"Nothing is open.\"\"\"
"""
DECLARED = """\
\"\"\"What the pigeons declare of themselves.\"\"\"

from __future__ import annotations

from adapters.pigeon import Pigeon, Settings
from bot.model import manifests, ports


def build(settings: Settings, deps: manifests.Deps) -> ports.Chat:
    return Pigeon(settings, deps.clock)


MANIFEST = manifests.ChatManifest(
    name="pigeon",
    title="Pigeon",
    settings=Settings,
    build=build,
    tenants="lofts",
    account="Their ring.",
    chat="the name of a roof",
)
"""


def adapter_begin(tree: Tree) -> None:
    more = "\nfrom adapters.lark import parts  # noqa"
    tree.write("adapters/pigeon/__init__.py", PIGEON.replace("{more}", more))


def adapter_finish(tree: Tree) -> None:
    tree.write("adapters/pigeon/__init__.py", PIGEON.replace("{more}", ""))


def adapter_wired(tree: Tree) -> None:
    tree.write("adapters/pigeon/manifest.py", DECLARED)
    tree.edit("bot/app/adapters.py", '    "lark",\n', '    "lark",\n    "pigeon",\n')
    tree.edit(
        "bot.toml",
        "\n[aliyun]\n",
        '\n# [pigeon]\n# loft = "roof"\n# lofts = ["home"]\n\n[aliyun]\n',
    )
    tree.edit("bot.toml", "\n[role.dev]\n", '\n# pigeon = "ring-1"\n\n[role.dev]\n')
    tree.write(CONFIGURATION, tree.printed("bot", "docs", "configuration"))
    tree.write("pigeon.toml", COMPANY)
    told = tree.tests(list(SETTING.red))
    assert set(told.values()) == {"PASSED"}, told
    sent = tree.python("-c", SEND)
    assert sent.stdout == "roof:1\n", sent.stderr


COMPANY = """\
[pigeon]
loft = "roof"
lofts = ["home"]
[aliyun]
region = "cn-hangzhou"
[aliyun.credentials]
type = "default"
[[person]]
id = "alice"
pigeon = "ring-1"
[[person]]
id = "bob"
pigeon = "ring-2"
[role.dev]
commands = ["restart"]
[policy.one]
approvers = ["alice", "bob"]
[[group]]
platform = "pigeon"
chat = "roof"
name = "ops"
[command.restart]
policy = "one"
"""
"""A company that speaks by pigeons alone."""
SEND = """
import asyncio
from pathlib import Path
from bot import model
from bot.runtime import clock
from bot.app import adapters, outside

settings = adapters.load(Path("pigeon.toml"), {})
place = model.Place("pigeon", "home", "roof")
assert settings.book.tenants == {"pigeon": frozenset({"home"})}
assert [one.accounts for one in settings.book.people.values()][0] == (("pigeon", "home", "ring-1"),)
parties = outside.Outside.of(settings, clock.MachineClock())
say = model.Say(place, model.Message("hello", ()), "k")
done = asyncio.run(parties.route(say).perform(say, model.Attempt()))
print(done.ref)
"""

ADAPTER = Recipe(
    "an adapter",
    adapter_begin,
    adapter_finish,
    ("tests/test_house.py::test_adapters_know_the_doors_only",),
    last=adapter_wired,
)


def decision_begin(tree: Tree) -> None:
    tree.write("docs/decisions/0099-parcels.md", "# Parcels\n\n**Status.** Accepted.\n")


def decision_finish(tree: Tree) -> None:
    tree.add("docs/decisions/README.md", "99. [Parcels](0099-parcels.md)\n")
    tree.edit("docs/decisions/0099-parcels.md", "Accepted.", "Accepted on 2026-11-30.")


DECISION = Recipe(
    "a decision",
    decision_begin,
    decision_finish,
    (
        "tests/test_docs.py::test_every_page_is_reached_from_the_readme",
        "tests/test_docs.py::test_every_decision_says_whether_it_holds",
    ),
)

LETTERS = "docs/how-to/dead-letters.md"


def translation_begin(tree: Tree) -> None:
    tree.edit(LETTERS, "Remove the cause;", "Remove the cause of it;")


def translation_finish(tree: Tree) -> None:
    tree.edit(LETTERS.replace(".md", ".zh-CN.md"), "先消除原因", "先消除它的原因")
    tree.printed("tests.twins", LETTERS)


TRANSLATION = Recipe(
    "a translation",
    translation_begin,
    translation_finish,
    (
        "tests/test_twins.py::test_no_section_has_changed_since_it_was_translated"
        "[docs/how-to/dead-letters.zh-CN.md]",
    ),
    ("tests/test_twins.py::test_links[docs/how-to/dead-letters.zh-CN.md]",),
)

INTERNAL_COMMAND = """\
\"\"\"Take in a parcel.\"\"\"

from __future__ import annotations

from bot import Change, Text, operation


@operation(
    aliases=("收件",), summary=("收件", "Take in a parcel"), example="parcel of Alice",
    internal="parcel",
)
def parcel(reason: Text) -> Change:
    return Change({"name": "#1", "reason": reason})
"""


def internal_begin(tree: Tree) -> None:
    tree.edit("bot/model/plans.py", "InternalName = Literal[", 'InternalName = Literal["parcel", ')


def internal_finish(tree: Tree) -> None:
    begin = "OPERATIONS: Mapping[model.InternalName, Operation] = {\n"
    line = '    "parcel": Operation(freezes.draft_unfreeze, freezes.unfreeze),\n'
    tree.edit("bot/core/internal_operations.py", begin, begin + line)
    tree.write("commands/parcel.py", INTERNAL_COMMAND)
    tree.edit("tests/bot/test_catalog.py", '"whoami", "who",', '"whoami", "parcel", "who",')
    tree.printed("bot.reference.commands")


INTERNAL = Recipe(
    "an internal operation",
    internal_begin,
    internal_finish,
    ("tests/bot/test_freezes.py::test_every_internal_operation_there_is_can_be_done",),
    ("tests/bot/test_catalog.py::test_the_shipped_commands_load",),
)

RECIPES = (
    COMMAND, PHRASE, SETTING, A_METRIC, PRODUCT, API, ACTION, FUNCTION, TARGET, TRANSLATION,
    PAGE_OF_REFERENCE, CONDITION, INTERNAL, EVENT, MIGRATION, ADAPTER,
    DECISION,
)  # fmt: skip


# ----------------------------------------------------------------------------- are they so


@dataclass(frozen=True)
class Performance:
    """How the tests ended between the halves and after them, and which second half broke."""

    between: dict[str, str]
    after: dict[str, str]
    broken: dict[str, str]


@pytest.fixture(scope="module")
def performed(tmp_path_factory: pytest.TempPathFactory) -> Performance:
    tree = Tree(tmp_path_factory.mktemp("tree"))
    for recipe in RECIPES:
        recipe.begin(tree)
    red = list(dict.fromkeys(node for recipe in RECIPES for node in recipe.red))
    between = tree.tests(red)
    broken = {}
    for recipe in RECIPES:
        attempt(recipe, recipe.finish, tree, broken)
    green = list(dict.fromkeys(node for recipe in RECIPES for node in recipe.green))
    after = tree.tests([*red, *green])
    for recipe in RECIPES:
        if recipe.last is not None:
            attempt(recipe, recipe.last, tree, broken)
    return Performance(between, after, broken)


def attempt(
    recipe: Recipe, step: Callable[[Tree], None], tree: Tree, broken: dict[str, str]
) -> None:
    try:
        step(tree)
    except AssertionError as error:
        broken[recipe.title] = str(error)


def ends(found: dict[str, str], node: str) -> set[str]:
    return {end for name, end in found.items() if name == node or name.startswith(f"{node}[")}


def test_each_recipe_of_the_page_is_performed() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    part = page.split("\n## How to add\n")[1].split("\n## ")[0]
    titles = re.findall(r"^\*\*(.+?)\.\*\* ", part, re.MULTILINE)
    assert titles == [recipe.title for recipe in RECIPES]


@pytest.mark.slow
@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.title)
def test_the_recipe_works(recipe: Recipe, performed: Performance) -> None:
    assert recipe.title not in performed.broken, performed.broken[recipe.title]
    for node in recipe.red:
        assert ends(performed.between, node) - {"PASSED"}, f"{node} passes with half of it"
    for node in (*recipe.red, *recipe.green):
        assert ends(performed.after, node) == {"PASSED"}, f"{node}: {performed.after}"
