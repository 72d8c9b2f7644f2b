"""Each Chinese page follows its English one: the same sections, code and links."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests import twins
from tests.twins import HAN, ROOT, Section

ADVICE = "translate, then: make translated ARGS={}"


def pairs(twin: Path) -> list[tuple[Section, Section]]:
    return list(zip(twins.sections(twins.english_of(twin)), twins.sections(twin), strict=True))


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def code(section: Section) -> list[str]:
    """The lines of its code blocks, without comments in words, and the marks before the blocks."""
    lines = [twins.bare(line) for line, inside in twins.coded(section.lines) if inside]
    marks = re.findall(r"^ *<!-- (.*) -->\n *```", "\n".join(section.lines), re.MULTILINE)
    return [*marks, *lines]


def prose(section: Section) -> str:
    lines = [section.heading, *section.lines]
    text = "\n".join(line for line, inside in twins.coded(lines) if not inside)
    return re.sub(twins.NOTE, "", text)


def spans(section: Section) -> set[str]:
    return set(re.findall(r"`([^`\n]+)`", prose(section)))


def items(section: Section) -> Counter[str]:
    """How many rows of tables, items of lists, and pictures it has."""
    return Counter(re.findall(r"^ *(\||- |\d+\. |!)", prose(section), re.MULTILINE))


def keys(section: Section) -> list[str]:
    """What the rows of its tables begin with, as far as it is code."""
    rows = re.findall(r"^ *\|(.*)$", prose(section), re.MULTILINE)
    return ["".join(re.findall(r"^ `([^`]+)`", row)) for row in rows]


def test_every_page_that_people_work_by_has_a_twin() -> None:
    pages = [ROOT / "README.md", ROOT / "docs" / "README.md"]
    for folder in ("tutorial", "how-to", "reference"):
        pages += (ROOT / "docs" / folder).glob("*.md")
    english = [page for page in pages if ".zh-CN" not in page.name]
    alone = sorted(name(page) for page in english if not twins.twin_of(page).exists())
    assert len(english) > 25
    assert not alone, f"write PAGE.zh-CN.md of {alone}, then: make translated ARGS=PAGE.md"


@pytest.mark.parametrize("twin", twins.twins(), ids=name)
def test_headings(twin: Path) -> None:
    page = twins.english_of(twin)
    assert page.exists(), f"{name(twin)} translates a page that is gone"
    levels = [section.level for section in twins.sections(page)]
    here = [section.level for section in twins.sections(twin)]
    assert here == levels, f"{name(twin)}: other headings than {name(page)}"
    for section in twins.sections(twin):
        again = [
            line for line in section.lines if re.match(r"<!-- en |<<<<<<<|=======|>>>>>>>", line)
        ]
        assert section.english, f"{name(twin)}, {section.title}: no mark under the heading"
        assert not again, f"{name(twin)}, {section.title}: left by a merge: {again}"


@pytest.mark.parametrize("twin", twins.twins(), ids=name)
def test_no_section_has_changed_since_it_was_translated(twin: Path) -> None:
    page = name(twins.english_of(twin))
    changed = [en.heading for en, zh in pairs(twin) if en.digest != zh.english]
    assert not changed, f"{page}: {changed} changed; {ADVICE.format(page)}"


@pytest.mark.parametrize("twin", twins.twins(), ids=name)
def test_code_tables_and_lists(twin: Path) -> None:
    for en, zh in pairs(twin):
        assert code(zh) == code(en), f"{name(twin)}, {zh.title}: the code blocks differ"
        assert items(zh) == items(en), f"{name(twin)}, {zh.title}: rows or items differ"
        rows = [pair for pair in zip(keys(en), keys(zh), strict=True) if all(pair)]
        moved = [here for there, here in rows if here != there and not re.search(HAN, here)]
        assert not moved, f"{name(twin)}, {zh.title}: rows in another order: {moved}"
        added = {span for span in spans(zh) - spans(en) if not re.search(HAN, span)}
        assert not added, f"{name(twin)}, {zh.title}: not in the English section: {added}"
        lost = spans(en) - spans(zh)
        chinese = [span for span in spans(zh) if re.search(HAN, span)]
        assert len(lost) <= len(chinese), f"{name(twin)}, {zh.title}: missing: {lost}"


@pytest.mark.parametrize("twin", twins.twins(), ids=name)
def test_links(twin: Path) -> None:
    page = twins.english_of(twin)
    for en, zh in pairs(twin):
        wanted = Counter(twins.chinese_link(page, to) for to in twins.LINK.findall(prose(en)))
        here = Counter(twins.LINK.findall(prose(zh)))
        if zh.level == 1:  # each names the other one
            assert wanted.pop(twin.name, 0) == 1, f"{name(page)} does not link to its twin"
            assert here.pop(page.name, 0) == 1, f"{name(twin)} does not link to its twin"
        assert here == wanted, f"{name(twin)}, {zh.title}: {here - wanted} for {wanted - here}"


@pytest.mark.parametrize("twin", twins.twins(), ids=name)
def test_typography(twin: Path) -> None:
    """Spaces between Chinese and Latin letters, wide punctuation, bold text that renders."""
    for section in twins.sections(twin):
        text = re.sub(r"`[^`\n]*`", "x", prose(section))
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
        for bold in re.finditer(r"(.?)\*\*(.+?)\*\*(.?)", text):
            sides = ((bold[1], bold[2][0]), (bold[3], bold[2][-1]))
            closed = any(re.match(r"\w\W", outside + inside) for outside, inside in sides)
            assert not closed, f"{name(twin)}, {section.title}: not bold: {bold[0]}"
        text = text.replace("**", "")
        wrong = rf"{HAN}[A-Za-z0-9]|[A-Za-z0-9]{HAN}|{HAN} ?[,;:?!(]"
        close = re.search(rf".{{0,9}}({wrong}).{{0,9}}", text)
        assert close is None, f"{name(twin)}, {section.title}: {close and close[0]}"


def test_a_changed_section_is_named_until_its_translation_has_changed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    twin = twins.twin_of(page)
    page.write_text("# Page\n\nOne.\n\n## More\n\nTwo.\n", "utf-8")
    twin.write_text("# 一页\n\n一。\n\n## 更多\n\n二。\n", "utf-8")
    assert twins.follow(twin, same=False) == []
    assert [zh.english for zh in twins.sections(twin)] == [en.digest for en in twins.sections(page)]

    page.write_text(page.read_text("utf-8").replace("Two.", "Three."), "utf-8")
    before = twin.read_text("utf-8")
    assert twins.follow(twin, same=False) == ['"更多" has not changed, "More" has']
    assert twin.read_text("utf-8") == before

    shutil.copy(twin, tmp_path / "kept")
    assert twins.follow(twin, same=True) == []
    shutil.copy(tmp_path / "kept", twin)
    twin.write_text(before.replace("二。", "三。"), "utf-8")
    assert twins.follow(twin, same=False) == []
    assert [zh.english for zh in twins.sections(twin)] == [en.digest for en in twins.sections(page)]


def test_code_that_has_changed_is_copied(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    twin = twins.twin_of(page)
    code = "```toml\n[web]  # this\n```\n\n{}\n\n```toml\n[bot]  # that\n```\n"
    page.write_text(f"# Page\n\n{code.format('Two.')}", "utf-8")
    chinese = page.read_text("utf-8").replace("Page", "一页").replace("Two", "二")
    twin.write_text(chinese.replace("this", "这").replace("that", "那"), "utf-8")
    assert twins.follow(twin, same=False) == []
    before = twin.read_text("utf-8")
    assert "这" in before

    page.write_text(page.read_text("utf-8").replace("[bot]", "[lark]"), "utf-8")
    assert twins.follow(twin, same=False) == []
    assert twin.read_text("utf-8") == before.replace("[bot]  # 那", "[lark]  # that")


def test_links_lead_to_the_chinese_heading(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Page\n\n## How it ends\n", "utf-8")
    twins.twin_of(page).write_text("# 一页\n\n## 怎样结束\n", "utf-8")
    (tmp_path / "alone.md").write_text("# Alone\n", "utf-8")
    links = {
        "page.md#how-it-ends": "page.zh-CN.md#怎样结束",
        "#how-it-ends": "#怎样结束",
        "../elsewhere/page.md": "../elsewhere/page.md",
        "alone.md": "alone.md",
        "https://open.feishu.cn/app": "https://open.feishu.cn/app",
    }
    assert {target: twins.chinese_link(page, target) for target in links} == links
