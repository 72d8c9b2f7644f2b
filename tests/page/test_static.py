"""The page's files hold to what keeps it safe, small and bilingual."""

from __future__ import annotations

import ast
import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "sandbox/page"
SCRIPTS = sorted((PAGE / "static").rglob("*.js"))
STYLES = sorted((PAGE / "static").rglob("*.css"))
FORBIDDEN = (
    r"innerHTML|outerHTML|insertAdjacentHTML|setHTML|document\.write|createContextualFragment",
    r"DOMParser|srcdoc|\beval\(|new Function|javascript:",
    r"\.cssText|setAttribute\([\"'](?:style|on)",
    r"set(?:Timeout|Interval)\(\s*[\"'`]",
)
"""What would read text as markup or as a script, or what the page's own policy refuses."""
TEXT = r"(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')"
PHRASE = re.compile(rf"\"([a-z][\w-]*(?:\.[\w-]+)+)\":\s*\[\s*{TEXT},\s*{TEXT},?\s*\]")
HAN = re.compile(r"[\u4e00-\u9fff]")


def name(path: Path) -> str:
    return str(path.relative_to(PAGE))


def phrases() -> list[tuple[str, str, str]]:
    """(key, Chinese, English) of all modules."""
    return [
        (key, ast.literal_eval(chinese), ast.literal_eval(english))
        for path in SCRIPTS
        for key, chinese, english in PHRASE.findall(path.read_text("utf-8"))
    ]


def test_nothing_reads_text_as_markup() -> None:
    for path in SCRIPTS:
        for pattern in FORBIDDEN:
            found = re.search(pattern, path.read_text("utf-8"))
            assert not found, f"{name(path)}: {found[0]}"


def test_imports_are_files_beside_it() -> None:
    for path in SCRIPTS:
        text = path.read_text("utf-8")
        targets = re.findall(r"^import\b[^;\"']*[\"']([^\"']+)[\"'];", text, re.MULTILINE)
        exported = r"^export\b[^;\"']*\bfrom\s*[\"']([^\"']+)[\"'];"
        targets += re.findall(exported, text, re.MULTILINE)
        targets += re.findall(r"\bimport\(\s*[\"']([^\"']+)[\"']", text)
        for target in targets:
            assert target.startswith(("./", "../")), f"{name(path)}: {target}"
            assert (path.parent / target).is_file(), f"{name(path)}: {target}"


def test_no_file_is_too_big() -> None:
    for path in [*SCRIPTS, *STYLES]:
        assert path.read_text("utf-8").count("\n") < 400, name(path)


def test_the_page_has_no_script_and_no_style_of_its_own() -> None:
    text = (PAGE / "index.html").read_text("utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", text, re.IGNORECASE)
    for address in re.findall(r"(?:src|href)=\"([^\"]+)\"", text):
        assert (PAGE / address.lstrip("/")).is_file(), address


def test_styles_load_nothing_from_elsewhere() -> None:
    for path in STYLES:
        assert not re.search(r"@import|url\((?![\"']?data:)", path.read_text("utf-8")), name(path)


def test_each_phrase_is_said_and_each_that_is_said_is_there() -> None:
    keys = [key for key, _, _ in phrases()]
    assert len(keys) == len(set(keys)), "a key stands in two modules"
    uses = set()
    for path in SCRIPTS:
        rest = PHRASE.sub("", path.read_text("utf-8"))
        said = set(re.findall(r"\bsay\(\s*\"([^\"]+)\"", rest))
        assert said <= set(keys), f"{name(path)} says what nobody wrote: {said - set(keys)}"
        uses |= set(re.findall(r"\"([\w.-]+)\"", rest))
        for start in re.findall(r"\bsay\(\s*`([\w.]+\.)\$\{", rest):
            family = {key for key in keys if key.startswith(start)}
            assert family, f"{name(path)} says what nobody wrote: {start}…"
            uses |= family
    assert set(keys) <= uses, f"never said: {sorted(set(keys) - uses)}"


def test_a_phrase_says_the_same_in_both_languages() -> None:
    for key, chinese, english in phrases():
        assert chinese.strip(), key
        assert english.strip(), key
        assert not HAN.search(english), key
        facts = [sorted(set(re.findall(r"\{(\w+)\}", text))) for text in (chinese, english)]
        assert facts[0] == facts[1], key
