"""What a DingTalk client shows of Markdown, and what of it can be tapped."""

from __future__ import annotations

import pytest

from sandbox.dingtalk import markup


@pytest.mark.parametrize(
    ("source", "text", "links"),
    [
        ("plain", "plain", []),
        ("### Head", "Head", []),
        ("#42 is no heading", "#42 is no heading", []),
        ("**bold** and *italic* and _it_", "bold and italic and it", []),
        ("snake_case_name 2*3*4", "snake_case_name 2*3*4", []),
        ("> quoted", "│ quoted", []),
        ("- a\n- b", "• a\n• b", []),
        ("1. a", "1. a", []),
        ("---", "———", []),
        ("a  \nb", "a\nb", []),
        ("[docs](https://d.example/x)", "docs", ["https://d.example/x"]),
        ("[**b**](https://d.example)", "b", ["https://d.example"]),
        (
            "[go](dtmd://dingtalkclient/sendMessage?content=approve%2042)",
            "go",
            ["dtmd://dingtalkclient/sendMessage?content=approve%2042"],
        ),
        ("![pic](https://i.example/a.png)", "[pic]", []),
        ("see https://e.example/a.", "see https://e.example/a.", ["https://e.example/a"]),
        (r"\[x\](https://e.example)", "[x](https://e.example)", ["https://e.example"]),
        (r"\*\*not bold\*\*", "**not bold**", []),
        ("`**code**`", "**code**", []),
        ("```\n**raw** [x](y)\n```", "**raw** [x](y)", []),
        ("&lt;b&gt; &#42;&#42;", "<b> **", []),
        ('<font color="red">red</font>', "red", []),
        ('<a href="https://e.example">x</a>', "x", ["https://e.example"]),
        ("<a atId=u-bob>Bob</a>", "@Bob", []),
        ("a<br>b", "a\nb", []),
        ("<script>x</script>", "<script>x</script>", []),
        ("\x000\x00", "0", []),
    ],
)
def test_markdown(source: str, text: str, links: list[str]) -> None:
    shown = markup.markdown(source)
    assert shown.text == text
    assert shown.links == links


def test_a_text_message_has_no_markup_but_tappable_addresses() -> None:
    shown = markup.plain("**a** [b](c) http://d.example")
    assert shown.text == "**a** [b](c) http://d.example"
    assert shown.links == ["http://d.example"]


@pytest.mark.parametrize(
    ("source", "called"),
    [
        ("@all", True),
        ("x@ALL now", True),
        ("@ all", True),
        ("@所有人", True),
        ("@allen", False),
        ("@\u200ball", False),
        ("all", False),
    ],
)
def test_calling_everybody(source: str, called: bool) -> None:
    assert markup.everybody_called(source) is called


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("@u-bob", True),
        ("(@u-bob)", True),
        ("@u-bob。", True),
        ("@u-bobby", False),
        ("@u-bob-2", False),
        ("u-bob", False),
        ("@ u-bob", False),
    ],
)
def test_naming_somebody(source: str, named: bool) -> None:
    assert markup.named(source, "u-bob") is named
