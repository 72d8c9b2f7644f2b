"""The key of the installation: made once, kept apart from the store, never told."""

from __future__ import annotations

import logging
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from adapters import oos
from bot import config, deployment, source, store
from bot.app import key, main
from bot.commands import loader
from bot.source.secret import Secret
from tests.bot import stage
from tests.bot.configured import SMALL, Loader


@pytest.fixture
def settings(tmp_path: Path) -> config.Config:
    found = Loader(tmp_path)(SMALL)
    return replace(found, bot=found.bot.model_copy(update={"data": tmp_path / "data"}))


def test_it_is_made_at_the_first_start_and_stays(
    settings: config.Config, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        first = key.of(settings)
        assert key.of(settings) == first
    file = settings.data / "key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(first) == 64
    assert [path.name for path in settings.data.iterdir()] == ["key"]
    assert first.decode() not in caplog.text
    assert "asked anew" not in caplog.text


def test_a_key_that_is_lost_is_said_where_the_bot_ran_before(
    settings: config.Config, caplog: pytest.LogCaptureFixture
) -> None:
    settings.data.mkdir()
    settings.database.touch()
    key.of(settings)
    assert "hidden values must be asked anew" in caplog.text


def test_with_a_database_and_a_key_elsewhere_the_folder_is_made_all_the_same(
    tmp_path: Path,
) -> None:
    main.provide(tmp_path / "deep" / "data")
    main.provide(tmp_path / "deep" / "data")
    assert list((tmp_path / "deep").iterdir()) == [tmp_path / "deep" / "data"]
    (tmp_path / "file").touch()
    with pytest.raises(store.Unusable, match=r"file/data cannot be made: .*\[bot\] data"):
        main.provide(tmp_path / "file" / "data")


def test_a_damaged_or_open_key_is_said(
    settings: config.Config, caplog: pytest.LogCaptureFixture
) -> None:
    settings.data.mkdir()
    file = settings.data / "key"
    file.write_text("short\n")
    with pytest.raises(source.Invalid, match="damaged"):
        key.of(settings)
    file.write_text("x" * 64)
    file.chmod(0o644)
    assert key.of(settings) == b"x" * 64
    assert "can be read by others" in caplog.text


def test_another_place_may_be_named(settings: config.Config) -> None:
    bot = settings.bot.model_copy(update={"key": Secret("env", "KEY", "y" * 40)})
    assert key.of(replace(settings, bot=bot)) == b"y" * 40
    assert not settings.data.exists()


def test_a_short_one_is_a_fault(tmp_path: Path) -> None:
    [fault] = Loader(tmp_path).faults('[bot]\nkey = { env = "SECRET" }\n' + SMALL)
    assert "openssl rand -hex 32" in fault.message


def test_printing_what_holds_it_never_shows_it() -> None:
    found = deployment.Deployment(stage.book(), loader.load(stage.COMMANDS), key=b"never-shown")
    assert "never-shown" not in repr(found)
    assert "never-shown" not in repr(
        oos.Settings(region="r", safety_check="Skip", key=b"never-shown")
    )


def test_replicas_have_one_key(database: str) -> None:
    with store.opened(database) as one, store.opened(database) as other:
        key.agreed(b"k" * 64, one)
        key.agreed(b"k" * 64, other)
        with pytest.raises(store.Unusable, match="give all replicas the same"):
            key.agreed(b"q" * 64, other)
        assert one.writer is not None
        rows = one.writer.connection.execute("SELECT value FROM meta").fetchall()
        assert not any("k" * 8 in value for (value,) in rows)
