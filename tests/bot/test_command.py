"""A value is data: whatever it holds, the script sees exactly that and nothing else happens."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.commands import answers, api, rendering
from tests import properties

PRINT = "#!/bin/bash\nset -u\nprintf '%s' \"$VALUE\"\n"
NASTY = [
    "; rm -rf /", "$(touch pwned)", "`touch pwned`", "a && touch pwned", "| touch pwned", "> pwned",
    "'; touch pwned; '", '"; touch pwned; "', "\\'; touch pwned #", "$IFS", "${HOME}", "$((1+1))",
    "!!", "~", "*", "?", "[a-z]", "{a,b}", "#x", "a\nb", "a\n\ntouch pwned\n", "\t x ", "-n", "--",
    "\\", "\\\\", "'", "''", '"', "$", "$'\\x41'", "<(touch pwned)", "&", "%s%n", "\x01\x7f",
    "é中文😀", "\u202e", "EOF\ntouch pwned\nEOF", "", " ", "=", "a=b", "{x}", "} {", "\r\n",
]  # fmt: skip


def run(text: str, where: Path) -> bytes:
    done = subprocess.run(
        ["bash", "-s"], input=text.encode(), capture_output=True, cwd=where, timeout=10, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == b""
    return done.stdout


@pytest.mark.parametrize("value", NASTY)
def test_a_real_shell_sees_the_value_unchanged(value: str, tmp_path: Path) -> None:
    text = rendering.render(api.Script(PRINT, {"VALUE": value}))
    assert text.startswith("#!/bin/bash\n")
    assert run(text, tmp_path) == value.encode()
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=properties.examples(60), deadline=None)
@given(
    st.lists(
        st.text(
            st.characters(exclude_categories=["Cs"], exclude_characters="\0")
            | st.sampled_from("'\"\\$`;&|<>(){}[]*?!#~ \n\t"),
            max_size=40,
        ).filter(lambda text: "{{" not in text and "}}" not in text),
        min_size=1,
        max_size=4,
    )
)
def test_several_values_never_touch_each_other(values: list[str]) -> None:
    names = [f"V{number}" for number in range(len(values))]
    body = "".join(f"printf '%s\\0' \"${name}\"\n" for name in names)
    script = api.Script(body, dict(zip(names, values, strict=True)))
    seen = run(rendering.render(script), Path("/")).split(b"\0")[:-1]
    assert seen == [value.encode() for value in values]


def test_the_shebang_stays_first_and_the_source_last() -> None:
    script = api.Script("#!/bin/sh -e\necho $A\n", {"A": "x y", "B_2": "z"})
    assert rendering.render(script) == "#!/bin/sh -e\nA='x y'\nB_2=z\necho $A\n"
    assert rendering.render(api.Script("ls")) == "#!/bin/bash\nls"
    python = "#!/usr/bin/env python3\nprint('{{x}}')"
    assert rendering.render(api.Script(python)) == python
    assert rendering.render(api.Script("dir", type="RunBatScript")) == "dir"


@pytest.mark.parametrize(
    ("script", "key"),
    [
        (api.Script("", {"A": "a\0b"}), "script.nul"),
        (api.Script("", {"A": "\ud800"}), "script.nul"),
        (api.Script("a\0b"), "script.nul"),
        (api.Script("", {"A": "{{oos-secret:db}}"}), "script.braces"),
        (api.Script("", {"A": "x}}"}), "script.braces"),
        (api.Script("", {"lower": "x"}), "script.name"),
        (api.Script("", {"A;B": "x"}), "script.name"),
        (api.Script("", {"A\n": "x"}), "script.name"),
        (api.Script("", {"": "x"}), "script.name"),
        (api.Script("", {"A": "x"}, type="RunBatScript"), "script.not_shell"),
        (api.Script("#!/usr/bin/python3\n", {"A": "x"}), "script.not_shell"),
    ],
)
def test_what_cannot_be_rendered_safely_is_refused(script: api.Script, key: str) -> None:
    with pytest.raises(rendering.BadScript) as raised:
        rendering.render(script)
    assert raised.value.key == key
    assert isinstance(raised.value, ValueError)
    assert str(raised.value)


@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash -e", "/usr/bin/env bash", "/bin/dash"])
def test_shells_take_parameters(shell: str) -> None:
    assert "A=x" in rendering.render(api.Script(f"#!{shell}\n", {"A": "x"}))


@pytest.mark.parametrize(
    ("value", "quoted"),
    [
        ("nginx", "'nginx'"),
        ('it\'s $(id) `n "x"', "'it''s $(id) `n \"x\"'"),
        ("a\u2019; Stop-Computer #", "'a\u2019\u2019; Stop-Computer #'"),
        ("\u2018\u201a\u201b", "'\u2018\u2018\u201a\u201a\u201b\u201b'"),
        ("two\nlines", "'two\nlines'"),
    ],
)
def test_a_value_is_data_in_powershell(value: str, quoted: str) -> None:
    script = api.Script("echo", {"SERVICE": value}, windows="Restart-Service $SERVICE")
    text = f"$SERVICE = {quoted}\nRestart-Service $SERVICE"
    assert rendering.render_windows(script) == text
    alone = api.Script("Restart-Service $SERVICE", {"SERVICE": value}, "RunPowerShellScript")
    assert rendering.render(alone) == text
    with pytest.raises(rendering.BadScript):
        rendering.render_windows(api.Script("", {"A": "{{oos-secret:x}}"}, windows="$A"))


def test_the_script_for_windows_lies_beside_the_one_for_the_shell() -> None:
    files = {"disk.sh": "df", "disk.ps1": "Get-Volume"}
    with answers.files_beside(files):
        both, windows = api.Script.file("disk.sh"), api.Script.file("disk.ps1", DAYS=7)
    assert (both.source, both.windows, both.type) == ("df", "Get-Volume", "RunShellScript")
    assert (windows.type, windows.parameters) == ("RunPowerShellScript", {"DAYS": "7"})
    with answers.files_beside({"disk.sh": "df"}):
        assert api.Script.file("disk.sh").windows == ""
