"""Two configurations compared by the digests of their parts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.config import parts
from tests.bot.configured import SMALL, Loader

KEY = b"k" * 32
MORE = """
[[rule]]
name = "told"
pattern = { source = ["hr"] }
[[rule.target]]
group = "ops"
form = "TEMPLATE"
value = { a = "$.type" }
template = "${a}"
[[rule]]
name = "other"
pattern = { source = ["it"] }
[[rule.target]]
group = "ops"
form = "TEMPLATE"
value = { a = "$.id" }
template = "${a}"
"""


class Folder:
    """A configuration and its command files, of which the parts are taken."""

    def __init__(self, folder: Path) -> None:
        self.commands = folder / "commands"
        self.commands.mkdir()
        (self.commands / "restart.py").write_text("one")
        self.load = Loader(folder)

    def parts(self, text: str = SMALL, key: bytes = KEY, **environ: str) -> parts.Parts:
        settings = self.load(text, environ={"SECRET": "s3cr3t-Value", **environ})
        return parts.of(settings.file, self.commands, key)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


EVE = '[[person]]\nid = "eve"\ndingtalk = "u-eve"\n'
CHANGES = {
    "a person": (SMALL + EVE, "+person.eve"),
    "a role": (SMALL + "[role.sre]\ncommands = []\n", "+role.sre"),
    "a key": (SMALL.replace('"ben"]', '"ben"]\ncount = 1\nmode = "count"'), None),
    "a right": (SMALL.replace('["restart"]', '["restart", "run"]'), "~role.dev.commands"),
    "an account": (SMALL.replace("u-ben", "u-benjamin"), "~person.ben.dingtalk"),
    "a default in words": (SMALL.replace('"p"\n', '"p"\nrisk = "medium"\n'), None),
    "a comment": (SMALL.replace("[role.dev]", "# or not\n[role.dev]"), ""),
    "another name": (SMALL.replace("[role.dev]", "[role.dev2]").replace('"dev"', '"dev2"'), None),
    "the platform": (
        SMALL.replace('client_id = "app"', 'client_id = "app2"'),
        "~dingtalk.client_id",
    ),
    "a table": (SMALL + '[bot]\nlocale = "en"\n', "~bot.locale"),
    "rules": (SMALL + MORE, "+rule.other, +rule.told"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_named_and_its_reverse_is_as_well(folder: Folder, change: str) -> None:
    text, wanted = CHANGES[change]
    before, now = folder.parts(), folder.parts(text)
    difference = parts.difference(before, now)
    back = parts.difference(now, before)
    assert (back.added, back.removed) == (difference.removed, difference.added)
    assert back.changed == difference.changed
    assert bool(difference) == (parts.digest(before) != parts.digest(now))
    if wanted is not None:
        assert str(difference) == wanted
    elif change == "a key":
        assert difference.names == ("policy.p.count", "policy.p.mode")
    elif change == "another name":
        assert (difference.added, difference.removed) == (("role.dev2",), ("role.dev",))


def test_the_order_of_a_list_is_a_part(folder: Folder) -> None:
    first, second = MORE.index('[[rule]]\nname = "told"'), MORE.index('[[rule]]\nname = "other"')
    turned = MORE[second:] + MORE[first:second]
    before, now = folder.parts(SMALL + MORE), folder.parts(SMALL + turned)
    assert str(parts.difference(before, now)) == "~rule.(order)"


def test_command_files_are_parts(folder: Folder) -> None:
    before = folder.parts()
    (folder.commands / "restart.py").write_text("two")
    (folder.commands / "parts").mkdir()
    (folder.commands / "parts" / "one.yml").write_text("x")
    (folder.commands / "__pycache__").mkdir()
    (folder.commands / "__pycache__" / "restart.pyc").write_text("x")
    difference = parts.difference(before, folder.parts())
    assert str(difference) == "+commands/parts/one.yml, ~commands/restart.py"
    assert parts.fixed(difference.names) == []


def test_a_secret_that_changed_is_noticed_and_never_shown(folder: Folder) -> None:
    before, now = folder.parts(), folder.parts(SECRET="other-Secret")
    difference = parts.difference(before, now)
    assert difference.names == ("dingtalk.client_secret",)
    assert parts.fixed(difference.names) == ["dingtalk.client_secret"]
    for text in (json.dumps(dict(before)), json.dumps(dict(now))):
        assert "s3cr3t" not in text
        assert "other-" not in text
    same_elsewhere = SMALL.replace('client_id = "app"', 'client_id = "s3cr3t-Value"')
    digests = folder.parts(same_elsewhere)
    assert digests["dingtalk.client_id"] != digests["dingtalk.client_secret"]


def test_under_another_key_only_names_are_compared(folder: Folder) -> None:
    difference = parts.difference(folder.parts(), folder.parts(SMALL + EVE, key=b"q" * 32))
    assert str(difference) == "+person.eve, ~bot.key"


def test_what_belongs_to_one_process_may_differ_between_replicas(folder: Folder) -> None:
    def replica(name: str, port: int) -> str:
        text = (
            f'[bot]\ndata = "{name}"\nreplica = "{name}"\nstore = "postgresql://{name}/cs"\n{SMALL}'
        )
        return f'{text}[web]\noperate = "127.0.0.1:{port}"\n'

    one, other = folder.parts(replica("a", 1001)), folder.parts(replica("b", 1002))
    own = ("bot.data", "bot.replica", "bot.store", "web.operate")
    assert parts.difference(one, other).names == own
    assert parts.fixed(own) == list(own)
    assert parts.digest(one) == parts.digest(other)
    assert parts.shared(one) == parts.shared(other)
    renamed = replica("a", 1001).replace("[bot]", '[bot]\nname = "bot"', 1)
    assert parts.digest(folder.parts(renamed)) != parts.digest(one)


def test_what_is_not_known_to_be_free_needs_a_restart() -> None:
    free = ["person", "person.ann.roles", "rule.told", "bot.name", "commands/x.py", "oos.group"]
    bound = ["bot.data", "bot.names", "personal", "oos.watch", "new.table", "http.listen"]
    assert parts.fixed([*free, *bound]) == bound
