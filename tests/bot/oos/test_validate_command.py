"""``python -m bot.oos validate``."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from bot.oos import __main__
from tests.bot.oos import written

PAUSE = "FormatVersion: OOS-2019-06-01\nTasks:\n  - {Name: a, Action: ACS::Pause}\n"
USER = PAUSE.replace("ACS::Pause", "ACS::ECS::Rest")


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(__main__.main, ["validate", *arguments])
    return result.exit_code, result.output


def test_one_line_for_each(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "guide.yml").write_text(written.GUIDE)
    (tmp_path / "inner" / "ACS::ECS::Rest.yaml").write_text(PAUSE)
    (tmp_path / "notes.txt").write_text("no template")
    (tmp_path / "user.json").write_text('{"FormatVersion": "OOS-2019-06-01", "Tasks": 3}')
    (tmp_path / "user.yml").write_text(USER)
    code, output = run(str(tmp_path))
    assert code == 1
    assert output.splitlines() == [
        f"{tmp_path}/guide.yml: ok",
        f"{tmp_path}/inner/ACS::ECS::Rest.yaml: ok",
        f"{tmp_path}/user.json:1:46: Tasks: expected a list (`- Name: …`), found a number",
        f"{tmp_path}/user.yml: ok",
    ]


def test_alone_it_misses_the_others(tmp_path: Path) -> None:
    file = tmp_path / "user.yml"
    file.write_text(USER)
    code, output = run(str(file))
    assert code == 1
    assert output.startswith(f"{file}:3:23: unknown action `ACS::ECS::Rest`")
    assert run(str(file), "--allow-unknown-products") == (0, f"{file}: ok\n")


def test_as_json(tmp_path: Path) -> None:
    file = tmp_path / "bad.yml"
    file.write_bytes(b"a: \xff")
    code, output = run(str(file), "--json")
    assert code == 1
    fault = {"line": 1, "column": 4, "path": "", "message": "expected UTF-8, found the byte 0xff"}
    assert json.loads(output) == [{"file": str(file), "ok": False, "faults": [fault]}]
    file.write_text(PAUSE)
    assert run(str(file), "--json")[0] == 0
