"""A platform for evaluation in the configuration: alone, beside real ones, and who votes there."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import Field

from bot import config
from bot.app import adapters
from bot.model import manifests, ports
from bot.policy import identity
from bot.source.tables import settings
from bot.source.values import SecretText, Text
from tests.bot.configured import SMALL, line_of

TOKENS = {"TINA": "tina-0123456789abc", "THEO": "theo-0123456789abc", "SECRET": "s3cr3t-Value"}


@settings
class Settings:
    """Somewhere to try things out."""

    tokens: Mapping[Text, SecretText] = Field(repr=False, description="By these they are known.")
    evaluation: bool = Field(default=False, description="Beside a real platform.")


def build(settings: Settings, deps: manifests.Deps) -> ports.Chat:
    raise NotImplementedError


TRIAL = manifests.ChatManifest(
    name="trial",
    title="Trial",
    settings=Settings,
    evaluation="evaluation",
    account="Their name.",
    chat="a name",
    named_chats=True,
    build=build,
)
USUAL = adapters.ADAPTERS
BOTH = dataclasses.replace(USUAL, chats=(*USUAL.chats, TRIAL))

TABLE = """\
[trial]
[trial.tokens]
tina = { env = "TINA" }
theo = { env = "THEO" }
"""
MORE = """\
[[person]]
id = "theo"
trial = "theo"
"""
ALONE = (
    SMALL.partition("[aliyun]")[2]
    .replace("dingtalk = ", "trial = ")
    .replace('platform = "dingtalk"', 'platform = "trial"')
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bot.toml"


def load(path: Path, text: str, **environ: str) -> config.Config:
    path.write_text(text)
    return config.load(path, TOKENS | environ, adapters=BOTH)


def faults(path: Path, text: str, **environ: str) -> list[config.Fault]:
    with pytest.raises(config.ConfigError) as caught:
        load(path, text, **environ)
    return list(caught.value.faults)


def test_alone_it_is_a_platform_like_any(path: Path) -> None:
    named = ALONE.replace('chat = "c"', 'chat = "ops"')
    made = load(path, f"{TABLE}[aliyun]{named}")
    assert made.warnings == ()
    book = made.book
    assert book.evaluation == frozenset()
    assert book.tenants == {"trial": frozenset({"trial"})}
    assert identity.accounts_held(book, "ann") == (("trial", "trial", "u-ann"),)


def test_beside_a_real_one_it_must_be_meant(path: Path) -> None:
    text = TABLE + SMALL
    [fault] = faults(path, text)
    assert fault.mark.line == line_of(text, "[trial]")
    assert "for evaluation only: to have it beside [dingtalk], write evaluation = true" in str(
        fault
    )
    meant = text.replace("[trial]\n", "[trial]\nevaluation = true\n")
    assert load(path, meant).book.evaluation == frozenset({"trial"})


def test_no_policy_mixes_its_people_with_those_of_a_real_one(path: Path) -> None:
    text = TABLE.replace("[trial]\n", "[trial]\nevaluation = true\n") + SMALL + MORE
    assert load(path, text.replace('["ben"]', '["theo"]'))
    mixed = text.replace('["ben"]', '["ben", "theo"]')
    [fault] = faults(path, mixed)
    assert fault.mark.line == line_of(mixed, "approvers")
    assert "names theo, of trial alone" in fault.message
    both = mixed.replace('trial = "theo"', 'trial = "theo"\ndingtalk = "u-theo"')
    assert load(path, both), "the account on the real platform is the one that counts"


def test_each_is_recognised_by_a_secret_of_their_own(path: Path) -> None:
    text = f"{TABLE}[aliyun]{ALONE}"
    made = load(path, text)
    assert made.of(TRIAL).tokens == {"tina": TOKENS["TINA"], "theo": TOKENS["THEO"]}
    assert not [token for token in TOKENS.values() if token in repr(made) + repr(made.of(TRIAL))]
    [same] = faults(path, text, THEO=TOKENS["TINA"])
    assert (same.mark.line, "the same as that of tina" in same.message) == (4, True)
    [short] = faults(path, text, THEO="guess")
    assert (short.mark.line, "can be guessed" in short.message) == (4, True)
    [missing] = faults(path, text, THEO="")
    assert (missing.mark.line, "THEO is empty" in missing.message) == (4, True)
    [plain] = faults(path, text.replace('{ env = "THEO" }', '"theo-0123456789abc"'))
    assert (plain.mark.line, "plain text" in plain.message) == (4, True)
    assert "theo-0123456789abc" not in plain.message
