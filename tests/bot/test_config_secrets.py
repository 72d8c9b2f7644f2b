"""Secrets of the configuration are read from elsewhere and never shown."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback
from dataclasses import replace
from pathlib import Path

import pytest

from bot import config
from tests.bot.configured import SMALL, Loader, change


@pytest.fixture
def load(tmp_path: Path) -> Loader:
    return Loader(tmp_path)


def test_a_secret_is_read_from_the_environment_or_a_file(load: Loader, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "secret").write_text("from-file\r\n")
    text = change('{ env = "SECRET" }', '{ file = "deep/secret" }')
    for source, value in ((SMALL, "s3cr3t-Value"), (text, "from-file")):
        found = load(source).tables["dingtalk"]
        assert found
        assert found.client_secret.reveal() == value


@pytest.mark.parametrize(
    ("reference_", "said"),
    [
        ('{ env = "OTHER" }', "the environment variable OTHER is not set"),
        ('{ env = "EMPTY" }', "the environment variable EMPTY is empty"),
        ('{ env = "LINES" }', "line break or control character"),
        ('{ file = "nowhere" }', "there is no file"),
        ('{ file = "." }', "cannot be read"),
        ('{ file = "empty" }', "is empty"),
        ('{ file = "binary" }', "is not UTF-8 text"),
        ('{ file = "lines" }', "line break or control character"),
        ('{ file = "large" }', "too large"),
        ('{ file = "a\\u0000b" }', "must be text"),
        ('{ env = "SECRET", file = "x" }', "must be { env"),
        ("{ }", "must be { env"),
        ("{ env = 5 }", "must be text"),
        ("5", "must be { env"),
        ('"s3cr3t-Value"', "may not stand here in plain text"),
    ],
)
def test_a_bad_secret_is_told_without_showing_it(
    load: Loader, tmp_path: Path, reference_: str, said: str
) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"s3cr3t-Value\xff")
    (tmp_path / "lines").write_text("s3cr3t-Value\nmore\n")
    (tmp_path / "large").write_text("s3cr3t-Value" * 9000)
    text = change('{ env = "SECRET" }', reference_)
    environ = {"EMPTY": "", "LINES": "s3cr3t-Value\nx", "SECRET": "s3cr3t-Value"}
    [fault] = load.faults(text, environ=environ)
    assert said in fault.message
    assert (fault.mark.line, fault.mark.path) == (3, "dingtalk.client_secret")
    assert "s3cr3t" not in repr(fault) + str(fault)


def test_a_secret_in_plain_text_appears_in_no_traceback(load: Loader) -> None:
    text = change('{ env = "SECRET" }', '"s3cr3t-Value"')
    try:
        load(text)
    except config.ConfigError:
        assert "s3cr3t" not in traceback.format_exc()
    else:
        raise AssertionError("a literal secret was accepted")


def test_secrets_can_be_left_unread(load: Loader) -> None:
    found = load(SMALL, environ={}, secrets=False)
    assert found.tables["dingtalk"]
    with pytest.raises(RuntimeError, match="was not read"):
        found.tables["dingtalk"].client_secret.reveal()


def test_a_secret_never_shows(load: Loader, caplog: pytest.LogCaptureFixture) -> None:
    found = load(SMALL)
    table = found.tables["dingtalk"]
    assert table
    secret = table.client_secret
    with caplog.at_level(logging.DEBUG):
        logging.getLogger().warning("%s %r %s", secret, secret, found)
    shown = [
        caplog.text, repr(found), str(found), repr(table), str(table), f"{secret}", f"{secret!r}",
        str(table.model_dump()), table.model_dump_json(), repr(copy.deepcopy(secret)),
        repr(replace(found, warnings=())), str(vars(table)), repr([secret]), found.summary(),
    ]  # fmt: skip
    assert all("s3cr3t" not in text for text in shown)
    assert "hidden" in repr(secret)
    for spill in (pickle.dumps, json.dumps):
        with pytest.raises(TypeError):
            spill(secret)
    assert secret == load(SMALL).tables["dingtalk"].client_secret
    assert secret != load(SMALL, environ={"SECRET": "other"}).tables["dingtalk"].client_secret
