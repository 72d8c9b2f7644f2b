"""``bot.config``: everything that is wrong is told at once, in the right place."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import config, policy, regexes, source
from bot.app import adapters
from bot.commands import loader
from bot.model.manifests import RateLimit
from tests.bot.configured import SMALL, Loader, change, line_of

ROOT = Path(__file__).resolve().parents[2]
SPOILED = (ROOT / "tests/payloads/config/spoiled.toml").read_text("utf-8")


@pytest.fixture
def load(tmp_path: Path) -> Loader:
    return Loader(tmp_path)


def test_every_fault_of_a_spoiled_file_is_told_with_its_line(
    load: Loader,
) -> None:
    found = load.faults(SPOILED, known_commands=loader.load)
    wanted = [
        (number, *line.split("#! ", 1)[1].split(": ", 1))
        for number, line in enumerate(SPOILED.split("\n"), 1)
        if "#! " in line
    ]
    assert len(wanted) > 45
    left = list(found)
    for number, key, words in wanted:
        fit = [
            f for f in left if f.mark.line == number and f.mark.path == key and words in f.message
        ]
        assert fit, f"line {number}: {key}: {words}: not among\n" + "\n".join(map(str, found))
        left.remove(fit[0])
    assert not left
    assert list(found) == sorted(found)


def test_a_fault_reads_as_a_sentence(load: Loader) -> None:
    text = "\n" * 10 + '[aliyun]\nregoin = "x"\n[bot]\n[dingtalk]\nclient_id="a"\ncorps=["c"]\n'
    text += 'client_secret={env="SECRET"}\n'
    with pytest.raises(config.ConfigError) as caught:
        load(text)
    assert str(caught.value) == "bot.toml:12  aliyun.regoin: unknown key, did you mean region?"


def test_missing_files_and_odd_encodings_are_told(tmp_path: Path, load: Loader) -> None:
    with pytest.raises(config.ConfigError, match="there is no such file; name the configuration"):
        adapters.load(tmp_path / "nowhere.toml")
    with pytest.raises(config.ConfigError, match="cannot be read"):
        adapters.load(tmp_path)
    assert load.faults(b"[bot]\nname = '\xff'\n")[0].mark.line == 2
    assert "too large" in load.faults(b"#" * (600 << 10))[0].message


def test_a_byte_order_mark_and_windows_line_ends_are_fine(
    load: Loader,
) -> None:
    assert load("\ufeff" + SMALL.replace("\n", "\r\n")).book == load(SMALL).book


def test_an_empty_file_says_what_it_lacks(
    load: Loader,
) -> None:
    said = [fault.message for fault in load.faults("")]
    assert said == [
        "there is no [aliyun]: approved operations would have nowhere to run",
        "there is no chat platform: add [dingtalk] or [lark]",
    ]


@pytest.mark.parametrize(
    ("broken", "line"),
    [
        ('approvers = ["ben"', 17),
        ("approvers = [ben]", 17),
        ('approvers = ["ben"]\napprovers = ["ann"]', 18),
        ('approvers = ["ben', 17),
        ("approvers", 17),
        ('approvers = ["ben"] remind = "5m"', 17),
        ('approvers = ["ben"]\nremind = 30m', 18),
        ('approvers = ["ben"]\n[policy.p]', 18),
        ('approvers = ["ben"]\n[policy', 18),
    ],
)
def test_reading_goes_on_after_a_syntax_error(load: Loader, broken: str, line: int) -> None:
    """One broken statement is one fault, and a misspelling far below is still found."""
    text = SMALL.replace('approvers = ["ben"]', broken).replace("chat = ", "chta = ")
    found = load.faults(text)
    syntax = [fault for fault in found if "not valid TOML" in fault.message]
    assert [fault.mark.line for fault in syntax] == [line]
    others = [fault.message for fault in found if fault not in syntax]
    assert others == ["unknown key, did you mean chat?"]


def test_an_unclosed_text_is_told_where_it_begins(
    load: Loader,
) -> None:
    found = load.faults(SMALL.replace('name = "ops"', 'name = """ops'))
    assert [fault.mark.line for fault in found] == [line_of(SMALL, "name = ")]
    assert "never closed" in found[0].message


@pytest.mark.parametrize("text", ["a = " + "[" * 3000, "a = " + "9" * 5000, "a" * 9000, "[" * 9000])
def test_absurd_files_are_faults(load: Loader, text: str) -> None:
    assert load.faults(text)


# ----------------------------------------------------------------------------- rules, one by one


LARK = '[lark]\napp_id = "a"\napp_secret = { env = "SECRET" }\ntenants = ["t"]\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (change('region = "cn-hangzhou"', "[bot]"), "missing. Region"),
        (change('approvers = ["ben"]', 'approvers = ["role:dev"]'), "nobody could ever get it"),
        (change('approvers = ["ben"]', 'approvers = ["ann", "ben"]\nmode = "count"\ncount = 2'),
         "nobody could ever get it approved: only ann may ask"),
        (change('approvers = ["ben"]', 'approvers = ["ben"]\nmode = "count"'), "count is missing"),
        (change('approvers = ["ben"]', 'approvers = ["ben"]\ncount = 1'), "has no use with mode"),
        (change('approvers = ["ben"]', 'approvers = ["ben"]\ncount = true'), "a whole number"),
        (change('approvers = ["ben"]', 'approvers = ["ben"]\nremind = "30m"'), "must come before"),
        (change('approvers = ["ben"]', 'approvers = ["ben"]\nbatch = "30m"'), "batch < expires"),
        (change('approvers = ["ben"]', 'approvers = ["ben"]\nexpires = "0s"'), "longer than 0s"),
        (change('approvers = ["ben"]', 'approvers = ["ben"]\nexpires = 30'), "must be a duration"),
        (change('approvers = ["ben"]', 'approvers = "ben"'), "a list in square brackets"),
        (change('id = "ben"', 'id = " ben"'), "must not begin or end with a space"),
        (change('id = "ben"', 'id = "b\\u200ben"'), "invisible characters"),
        (change('[role.dev]\n', '[role]\ndev = 5\n[x]\n'), "must be a table"),
        (change('corps = ["corp"]', 'corps = ["corp"]\nendpoint = "https://u:p@h"'), "a user or"),
        (change('corps = ["corp"]', 'corps = ["corp"]\nendpoint = "http://h/p"'), "without a path"),
        (change('corps = ["corp"]', 'corps = ["corp"]\nendpoint = "https://h:99999"'), "usable"),
        (change('corps = ["corp"]', 'corps = ["corp"]\nendpoint = "h"'), "https://host:port"),
        (change('corps = ["corp"]', 'corps = ["corp"]\nwebhook_hosts = ["h/"]'), "host name"),
        (change('policy = "p"', 'policy = "p"\nworkdir = "tmp"'), "an absolute path"),
        (change('policy = "p"', 'policy = "p"\ntargets = ["a", "b"]\nmost_targets = 1'),
         "names 2 instances, but most_targets is 1"),
        (SMALL + '[aliyun.credentials]\ntype = "role"\n', "role_arn is missing"),
        (SMALL + '[aliyun.credentials]\ntype = "role"\nrole_arn="r"\nkey_id="k"', "key_secret is"),
        (SMALL + '[aliyun.credentials]\nkey_id = "k"\n', 'has no use with type = "default"'),
        (SMALL + '[[security.pattern]]\nregex=""\nreason="x"\n', "found everywhere"),
        (SMALL + '[[security.pattern]]\nregex="x"\nreason="x"\npolicy="p"\n',
         "has no use with action"),
        (SMALL + '[[budget]]\nplatform="aliyun"\nkinds=["say"]\nper="app"\ncount=1\nper_seconds=1',
         "aliyun has no say; it has lookup, run"),
        (SMALL + '[[group]]\nplatform="dingtalk"\nchat="d"\nname="ops"\n', "has this name on"),
        (SMALL + '[[form]]\nplatform="dingtalk"\nform="F"\ncommand="restart"\ngroup="opps"\n',
         "there is no group opps on dingtalk, did you mean ops?"),
        (SMALL + ('[[form]]\nplatform="dingtalk"\nform="F"\ncommand="restart"\ngroup="ops"\n' * 2),
         "a form asks for one command"),
    ],
)  # fmt: skip
def test_what_is_refused(load: Loader, text: str, said: str) -> None:
    found = load.faults(text)
    assert any(said in fault.message for fault in found), found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SMALL + LARK + '[[group]]\nplatform="lark"\nchat="o"\nname="ops"\n',
         "ben has no lark account, so cannot approve what is asked there"),
        (SMALL + '[[group]]\nplatform="lark"\nchat="o"\nname="ops"\n', "there is no [lark]"),
        (SMALL + '[[person]]\nid = "cat"\n', "cat has no account"),
        (SMALL + '[role.ops]\ncommands=["run"]\n', "run has no table [command.run]"),
        (SMALL + '[command.help]\npolicy="p"\n', "help runs nothing"),
        (change('["ben"]', '["ben", "role:none"]') + "[role.none]\ncommands=[]",
         "nobody holds the role none"),
    ],
)  # fmt: skip
def test_what_is_warned_of(load: Loader, text: str, said: str) -> None:
    found = load(text, known_commands=loader.load)
    assert [warning for warning in found.warnings if said in warning.message], found.warnings


def test_two_people_with_one_account_are_refused_in_words(
    load: Loader,
) -> None:
    [fault] = load.faults(change('"u-ben"', '"u-ann"'))
    assert fault.mark.line == line_of(SMALL, 'dingtalk = "u-ben"')
    assert fault.mark.path == "person.dingtalk"
    for words in ("u-ann", "ann (line 9)", "vote twice", "lose the right"):
        assert words in fault.message


def test_a_misspelt_approver_is_told_once(load: Loader) -> None:
    [fault] = load.faults(change('approvers = ["ben"]', 'approvers = ["ann", "bben"]'))
    assert fault.message == "there is no person bben, did you mean ben?"


def test_plain_http_needs_a_decision(load: Loader) -> None:
    remote = change('corps = ["corp"]', 'corps = ["corp"]\nendpoint = "http://gateway:8080/"')
    with pytest.raises(config.ConfigError, match="allow_plain_http"):
        load(remote)
    allowed = load(remote + "[security]\nallow_plain_http = true\n")
    assert allowed.tables["dingtalk"]
    assert allowed.tables["dingtalk"].endpoint == "http://gateway:8080"
    for local in ("http://127.0.0.1:1", "http://127.9.9.9", "http://[::1]:80", "http://localhost"):
        assert load(change('corps = ["corp"]', f'corps = ["corp"]\nendpoint = "{local}"'))
    for trick in ("http://127.0.0.1.example.com", "http://localhost.example.com", "http://0.0.0.0"):
        with pytest.raises(config.ConfigError, match="allow_plain_http"):
            load(change('corps = ["corp"]', f'corps = ["corp"]\nendpoint = "{trick}"'))


def test_broken_command_files_are_faults_too(tmp_path: Path, load: Loader) -> None:
    def broken(folder: Path, elsewhere: Any) -> list[Any]:
        raise source.Invalid(f"{folder.name}/x.py: does not load")

    found = load.faults('[bot]\ncommands = "mine"\n' + SMALL, known_commands=broken)
    assert found == (
        source.Fault(source.Mark("", 2, 0, "bot.commands"), "mine/x.py: does not load"),
    )


@pytest.mark.parametrize(
    ("platform", "left"),
    [
        ("webhook", set()),
        ("webhook.lark", {"webhook.dingtalk"}),
        ("webhook.dingtalk", {"webhook.lark"}),
        ("webhook.plain", {"webhook.lark", "webhook.dingtalk"}),
        ("lark", {"webhook.lark", "webhook.dingtalk"}),
    ],
)
def test_own_budgets_of_robots_stand_in_for_the_usual_ones(
    load: Loader, platform: str, left: set[str]
) -> None:
    table = (
        f'[[budget]]\nplatform="{platform}"\nkinds=["say"]\nper="chat"\ncount=1\nper_seconds=1\n'
    )
    found = load(SMALL + table).budgets
    usual = {one.platform for one in found[1:] if one.platform.startswith("webhook")}
    assert (found[0].platform, usual) == (platform, left)


def test_what_becomes_of_a_good_file(load: Loader, tmp_path: Path) -> None:
    text = SMALL.replace(
        'approvers = ["ben"]', 'approvers = ["ben", "role:dev"]\nexpires = "1h30m"'
    )
    text += """
[security]
direct_chats = false
asks_per_minute = 7
[[security.pattern]]
regex = "x+"
action = "escalate"
policy = "p"
reason = "why"
commands = ["restart"]
[[budget]]
platform = "aliyun"
kinds = ["run"]
per = "region"
count = 3
per_seconds = 1.5
[bot]
locale = "en"
data = "data"
"""
    found = load(text)
    book = found.book
    assert book.policies["p"] == policy.Policy(
        "p", ("ben", "ann"), expires=timedelta(minutes=90), remind=timedelta(minutes=30)
    )
    assert book.commands["restart"] == policy.CommandRule(policy="p", risk="")
    assert book.groups == (policy.Group("dingtalk", "c", "ops"),)
    assert book.index == {
        ("dingtalk", "corp", "u-ann"): "ann",
        ("dingtalk", "corp", "u-ben"): "ben",
    }
    assert book.tenants == {"dingtalk": frozenset({"corp"})}
    assert (book.locale, book.direct_chats, book.asks_per_minute) == ("en", False, 7)
    [pattern] = book.patterns
    assert pattern == policy.Pattern(
        regexes.compiled("x+"), frozenset({"text", "value", "script"}), "escalate", "why", "p",
        frozenset({"restart"}),
    )  # fmt: skip
    assert "lark" not in found.tables
    assert found.platforms == ("dingtalk",)
    assert found.tables["dingtalk"]
    assert found.of(found.adapters.chat("dingtalk")).robot == "app"
    assert found.bot.data == tmp_path / "data"
    assert found.database.parent == tmp_path / "data"
    assert found.commands == ROOT / "commands"
    runs = RateLimit("", ("run",), "chat", 3, 1.5)
    assert found.budgets[0] == runs
    assert {(b.platform, b.count) for b in found.budgets[1:]} == {
        ("dingtalk", 20), ("lark", 5), ("lark", 50),
        ("webhook.dingtalk", 20), ("webhook.lark", 5), ("webhook.lark", 100),
    }  # fmt: skip


def test_a_budget_replaces_the_default_ones_of_its_platform(
    load: Loader,
) -> None:
    own = '[[budget]]\nplatform="lark"\nkinds=["say"]\nper="chat"\ncount=1\nper_seconds=1\n'
    found = load(SMALL + own).budgets
    assert [b for b in found if b.platform == "lark"] == [
        RateLimit("lark", ("say",), "chat", 1, 1.0)
    ]
    assert len([b for b in found if b.platform == "dingtalk"]) == 2
