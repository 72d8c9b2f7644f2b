"""``[console]`` in bot.toml: what is refused, each with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import config
from bot.app import adapters
from sandbox import process, world
from sandbox.console import company

ALONE = """\
[console]
listen = "127.0.0.1:17310"
[console.tokens]
alice = { env = "ALICE" }
bob = { env = "BOB" }
[aliyun]
region = "cn-hangzhou"
[[person]]
id = "alice"
console = "alice"
[[person]]
id = "bob"
console = "bob"
[policy.one]
approvers = ["bob"]
"""
TOKENS = {name.upper(): f"token-of-{name}-0123456789" for name in ("alice", "bob")}


def load(folder: Path, text: str, **environ: str) -> config.Config:
    path = folder / "bot.toml"
    path.write_text(text)
    return adapters.load(path, TOKENS | environ)


def fault(folder: Path, text: str, **environ: str) -> tuple[int, str]:
    """The line and the sentence of the one fault of a configuration."""
    with pytest.raises(config.ConfigError) as caught:
        load(folder, text, **environ)
    [only] = caught.value.faults
    return only.mark.line, only.message


def test_alone_it_is_all_that_is_needed(tmp_path: Path) -> None:
    made = load(tmp_path, ALONE)
    assert made.warnings == ()
    assert made.platforms == ("console",)
    settings = made.of(made.adapters.chat("console"))
    assert settings.tokens == {"alice": TOKENS["ALICE"], "bob": TOKENS["BOB"]}
    assert not [token for token in TOKENS.values() if token in f"{made}{settings}"]


@pytest.mark.parametrize("address", ["0.0.0.0:17310", "192.0.2.7:17310", "[::]:17310"])
def test_it_is_for_this_machine_alone(tmp_path: Path, address: str) -> None:
    line, message = fault(tmp_path, ALONE.replace("127.0.0.1:17310", address))
    assert line == 2
    assert "must be an address of this machine alone" in message
    assert address not in message


@pytest.mark.parametrize("address", ["127.0.0.1:0", "127.1.2.3:17310", "[::1]:17310"])
def test_any_address_of_loopback_will_do(tmp_path: Path, address: str) -> None:
    assert load(tmp_path, ALONE.replace("127.0.0.1:17310", address))


@pytest.mark.parametrize(
    "name", ['"bot"', '"Bot"', '"al ice"', '"@alice"', '"会"', f'"{"a" * 80}"']
)
def test_nobody_is_called_like_the_bot_or_by_what_is_no_name(tmp_path: Path, name: str) -> None:
    line, message = fault(tmp_path, ALONE.replace("alice = {", f"{name} = {{"))
    assert (line, "no name for somebody" in message) == (4, True)


def test_an_ipv6_address_stands_in_brackets(tmp_path: Path) -> None:
    for address in ("::1:17310", "[127.0.0.1]:17310"):
        line, message = fault(tmp_path, ALONE.replace("127.0.0.1:17310", address))
        assert (line, "in brackets" in message) == (2, True)


def test_a_path_holds_no_nul(tmp_path: Path) -> None:
    text = ALONE.replace("[console]\n", '[console]\nsocket = "a\\u0000b"\n')
    assert fault(tmp_path, text) == (2, "is no path: it holds U+0000")


def test_there_is_somebody_and_no_two_differ_by_case_alone(tmp_path: Path) -> None:
    none = ALONE.replace('alice = { env = "ALICE" }\nbob = { env = "BOB" }\n', "")
    with pytest.raises(config.ConfigError) as caught:
        load(tmp_path, none)
    assert [each.mark.line for each in caught.value.faults if "names nobody" in each.message] == [3]
    twins = ALONE.replace("bob = { env", 'ALICE = { env = "OTHER" }\nbob = { env')
    line, message = fault(tmp_path, twins, OTHER="token-of-another-0123456789")
    assert (line, "upper and lower case" in message) == (5, True)


def test_no_group_is_called_like_a_direct_chat(tmp_path: Path) -> None:
    group = '[[group]]\nplatform = "console"\nchat = "@bob"\nname = "ops"\n'
    _, message = fault(tmp_path, ALONE + group)
    assert "begins with @" in message
    assert load(tmp_path, ALONE + group.replace("@bob", "ops room"))


def test_tokens_are_strong_and_differ(tmp_path: Path) -> None:
    assert fault(tmp_path, ALONE, BOB="short")[0] == 5
    assert "the same as that of alice" in fault(tmp_path, ALONE, BOB=TOKENS["ALICE"])[1]


def test_beside_the_platforms_that_ship_it_must_be_meant(tmp_path: Path) -> None:
    usual = process.configuration(tmp_path, dict(world.PORTS)).read_text("utf-8")
    table = ALONE.partition("[aliyun]")[0]
    begin = usual.count("\n") + 1
    line, message = fault(tmp_path, usual + table)
    assert (line, "write evaluation = true in it" in message) == (begin, True)
    both = load(tmp_path, usual + table.replace("[console]\n", "[console]\nevaluation = true\n"))
    assert both.book.evaluation == frozenset({"console"})


def test_only_platforms_with_forms_have_names_of_events_to_themselves(tmp_path: Path) -> None:
    more = """
[http]
[[source]]
name = "builds"
path = "/builds"
kind = "webhook"
unsigned = true
mapping = { source = "console.builds", type = "done", data = "$.body" }
"""
    assert load(tmp_path, ALONE + more)
    assert "reserved for lark" in fault(tmp_path, ALONE + more.replace("console.b", "lark.b"))[1]


def test_the_example_company_can_do_with_the_console_alone(tmp_path: Path) -> None:
    path = process.configuration(tmp_path, dict(world.PORTS))
    usual = adapters.load(path)
    company.furnish(path, tmp_path / "console.sock")
    made = adapters.load(path)
    assert made.platforms == ("console",)
    assert made.warnings == ()
    assert made.book.policies == usual.book.policies
    assert made.book.commands == usual.book.commands
    assert {group.name for group in made.book.groups} == {"ops", "hr"}
    assert len(made.book.people) == len(usual.book.people)
