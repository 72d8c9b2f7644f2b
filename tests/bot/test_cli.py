"""``python -m bot``: what it prints and with which status it leaves."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot import __main__ as cli
from bot import config, model, store
from bot.app import main as app
from bot.model import ports
from tests.bot.configured import SMALL

ROOT = Path(__file__).resolve().parents[2]
SPOILED = ROOT / "tests/payloads/config/spoiled.toml"


def leave(*arguments: str) -> Result:
    """What a call of the command line says."""
    return CliRunner().invoke(cli.main, arguments)


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small good configuration."""
    monkeypatch.setenv("SECRET", "s3cr3t-Value")
    path = tmp_path / "bot.toml"
    path.write_text(SMALL + '[bot]\ndata = "data"\n')
    return path


@pytest.fixture
def kept(small: Path) -> list[str]:
    """The stamps of three audit entries in the store of the small configuration."""
    now = 1_700_000_000_000
    with closing(store.Store(small.parent / "data" / "countersign.db")) as opened:
        writer = opened.writer
        assert writer is not None
        writer.begin()
        for number in range(3):
            writer.append(model.AuditEntry("ann", "asked", number, {"text": "重启"}), now + number)
        writer.commit()
        with opened.reading() as reader:
            return [f"{row.seq}:{row.hash[:32]}" for row in reader.chain()]


# ----------------------------------------------------------------------------- check


def test_a_new_store_has_no_newest_audit_entry(small: Path) -> None:
    with closing(store.Store(small.parent / "data" / "countersign.db")):
        pass
    assert "newest audit entry: none\n" in leave("status", "--config", str(small)).output


def test_the_shipped_file_checks_from_anywhere(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bot", "check"], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("ok: 4 people, ")
    assert "dingtalk and lark; cn-hangzhou" in done.stdout


def test_check_names_every_fault_and_leaves_with_1() -> None:
    said = leave("check", "--config", str(SPOILED))
    assert said.exit_code == 1
    for line in (
        "spoiled.toml:2  bot.naem: unknown key, did you mean name?",
        "spoiled.toml:20  aliyun.regoin: unknown key, did you mean region?",
        "spoiled.toml:45  role.sre.commands: there is no command restrat, did you mean restart?",
    ):
        assert line in said.stdout.split("\n")
    lines = [line for line in said.stdout.split("\n") if line]
    numbers = [int(line.partition(":")[2].partition(" ")[0]) for line in lines]
    assert numbers == sorted(numbers)
    assert f"{len(lines)} faults" in said.stderr
    assert "plain-Secret-1" not in said.output


def test_check_without_secrets(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRET")
    said = leave("check", "--config", str(small))
    assert said.exit_code == 1
    assert "the environment variable SECRET is not set" in said.stdout
    assert "1 fault\n" in said.stderr
    assert leave("check", "--no-secrets", "--config", str(small)).exit_code == 0


def test_warnings_go_to_standard_error_and_do_not_fail(small: Path) -> None:
    small.write_text(small.read_text() + '[[person]]\nid = "cat"\n')
    said = leave("check", "--config", str(small))
    assert said.exit_code == 0
    assert said.stdout.startswith("ok: ")
    assert said.stderr.startswith("warning: bot.toml:")
    assert "cat has no account" in said.stderr


@pytest.mark.parametrize(
    "command", [("check",), ("run",), ("audit", "verify"), ("audit", "export")]
)
def test_a_wrong_path_is_a_clear_sentence(tmp_path: Path, command: tuple[str, ...]) -> None:
    said = leave(*command, "--config", str(tmp_path / "nowhere.toml"))
    assert said.exit_code == 1
    assert "there is no such file; name the configuration with --config FILE" in said.output
    assert "Traceback" not in said.output


def test_broken_command_files_are_among_the_faults(small: Path) -> None:
    folder = small.parent / "mine"
    folder.mkdir()
    (folder / "broken.py").write_text("this is no Python")
    small.write_text(small.read_text() + 'commands = "mine"\n')
    said = leave("check", "--config", str(small))
    assert said.exit_code == 1
    assert "bot.commands: broken.py:1: does not load: SyntaxError" in said.stdout


# ----------------------------------------------------------------------------- run


def test_run_starts_nothing_where_there_are_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[config.Config] = []
    monkeypatch.setattr(app, "run", started.append)
    said = leave("run", "--config", str(SPOILED))
    assert said.exit_code == 1
    assert not started
    assert "spoiled.toml:2  bot.naem: unknown key" in said.stderr
    assert "nothing was started" in said.stderr


def test_run_hands_the_configuration_over_and_leaves_with_the_bots_status(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[config.Config] = []

    def run(settings: config.Config) -> int:
        started.append(settings)
        return 7

    monkeypatch.setattr(app, "run", run)
    assert leave("run", "--config", str(small)).exit_code == 7
    [settings] = started
    assert settings.tables["dingtalk"].client_secret.reveal() == "s3cr3t-Value"


@pytest.mark.sqlite("limits the pages of the file")
def test_a_full_disk_ends_the_bot_with_a_sentence(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        raise store.Broken[0]("database or disk is full")

    assert app.ended(main()) == 1
    [said] = [record.getMessage() for record in caplog.records]
    assert "the store failed: database or disk is full" in said
    assert "make room" in said


def test_an_address_that_is_taken_ends_the_bot_with_a_sentence(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        raise ports.CannotListen("can't listen on 127.0.0.1:1 (address in use): see [http]")

    assert app.ended(main()) == 1
    assert [record.getMessage() for record in caplog.records] == [
        "can't listen on 127.0.0.1:1 (address in use): see [http]"
    ]


# ----------------------------------------------------------------------------- audit


def test_verify_says_that_the_log_is_whole(small: Path, kept: list[str]) -> None:
    assert leave("audit", "verify", "--config", str(small)).stdout == "ok: the audit log is whole\n"
    said = leave("audit", "verify", "--config", str(small), "--expect", kept[1])
    assert (said.exit_code, said.stdout) == (0, f"ok: the audit log is whole and holds {kept[1]}\n")


def test_verify_finds_a_changed_entry_and_a_foreign_stamp(small: Path, kept: list[str]) -> None:
    foreign = leave("audit", "verify", "--config", str(small), "--expect", "2:" + "0" * 32)
    assert foreign.exit_code == 1
    assert foreign.stdout.startswith("entry 2: head:")
    lost = leave("audit", "verify", "--config", str(small), "--expect", "9:" + "0" * 32)
    assert "entry 9: cut: the entries 4 to 9 are missing" in lost.stdout
    with closing(store.Store(small.parent / "data" / "countersign.db")) as opened:
        assert opened.writer is not None
        opened.writer.connection.execute("DROP TRIGGER IF EXISTS audit_no_update")
        changed = opened.writer.connection.execute(
            "UPDATE audit SET actor = 'eve' WHERE seq = 2"
        ).rowcount
    assert changed == 1
    said = leave("audit", "verify", "--config", str(small))
    assert said.exit_code == 1
    assert "entry 2: hash:" in said.stdout
    assert "not whole" in said.stderr


@pytest.mark.parametrize("stamp", ["2:0000", "", "two"])
def test_a_stamp_that_proves_nothing_is_no_fault_of_the_log(
    small: Path, kept: list[str], stamp: str
) -> None:
    said = leave("audit", "verify", "--config", str(small), "--expect", stamp)
    assert said.exit_code == 1
    assert "the log is whole, but" in said.stderr
    assert "not whole" not in said.stderr


def test_an_export_verifies_on_its_own(small: Path, kept: list[str]) -> None:
    out = small.parent / "audit.jsonl"
    said = leave("audit", "export", "--config", str(small), "-o", str(out))
    assert (said.exit_code, said.stdout) == (0, "")
    assert "3 entries exported" in said.stderr
    rows = [json.loads(line) for line in out.read_text("utf-8").split("\n") if line]
    assert [row["seq"] for row in rows] == [1, 2, 3]
    assert rows[0]["facts"] == {"text": "重启"}
    assert rows[0]["at"] == datetime.fromtimestamp(1_700_000_000, UTC).isoformat(
        timespec="milliseconds"
    )
    assert leave("audit", "export", "--config", str(small)).stdout == out.read_text("utf-8")
    assert leave("audit", "verify", "--file", str(out), "--expect", kept[2]).exit_code == 0
    assert "only --expect tells" in leave("audit", "verify", "--file", str(out)).stderr
    out.write_text(out.read_text("utf-8").replace("ann", "eve", 1), "utf-8")
    forged = leave("audit", "verify", "--file", str(out))
    assert forged.exit_code == 1
    assert "entry 1: hash:" in forged.stdout


def test_audit_before_the_first_run_is_a_clear_sentence(small: Path) -> None:
    for command in ("verify", "export"):
        said = leave("audit", command, "--config", str(small))
        assert said.exit_code == 1
        assert "the bot has never run here" in said.stderr


def test_audit_needs_no_secrets(
    small: Path, kept: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SECRET")
    assert leave("audit", "verify", "--config", str(small)).exit_code == 0


# ----------------------------------------------------------------------------- the rest


def test_version_and_help() -> None:
    assert leave("--version").stdout == "countersign, version 0.1.0\n"
    for command, words in {
        (): ("check", "run", "audit", "Countersign"),
        ("check",): ("--no-secrets", "--config FILE", "bot.toml"),
        ("run",): ("SIGTERM", "--config FILE"),
        ("audit",): ("verify", "export"),
        ("audit", "verify"): ("--expect SEQ:HASH", "--file"),
        ("audit", "export"): ("JSON lines",),
    }.items():
        said = leave(*command, "--help")
        assert said.exit_code == 0
        for word in words:
            assert word in said.stdout, (command, word)


def test_docs_prints_the_reference() -> None:
    page = (ROOT / "docs/reference/configuration.md").read_text("utf-8")
    assert leave("docs", "configuration").stdout == page


# ----------------------------------------------------------------------------- copies


def test_a_copy_is_made_and_put_back(kept: list[str], small: Path) -> None:
    copy = small.parent / "copy.db"
    made = leave("backup", "--config", str(small), str(copy))
    assert made.exit_code == 0
    assert kept[-1] in made.stdout
    again = leave("backup", "--config", str(small), str(copy))
    assert (again.exit_code, again.stdout) == (1, "")
    assert "is there already" in again.stderr
    done = leave("restore", "--config", str(small), str(copy))
    assert done.exit_code == 0
    assert "the next request is #1001" in done.stdout
    assert leave("audit", "verify", "--config", str(small)).exit_code == 0


def test_what_cannot_be_put_back_is_said(kept: list[str], small: Path, tmp_path: Path) -> None:
    nothing = leave("restore", "--config", str(small), str(tmp_path / "nowhere.db"))
    assert (nothing.exit_code, nothing.stderr.strip().endswith("nowhere.db")) == (1, True)
    (tmp_path / "text.db").write_text("no database\n" * 500)
    said = leave("restore", "--config", str(small), str(tmp_path / "text.db"))
    assert "could not be put back" in said.stderr
    with closing(store.Store(small.parent / "data" / "countersign.db")):
        said = leave("restore", "--config", str(small), str(tmp_path / "text.db"))
    assert "stop it first" in said.stderr
