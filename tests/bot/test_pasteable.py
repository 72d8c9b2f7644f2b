"""The line that the help of a runbook gives can be copied from the message and sent, on both
platforms."""

from __future__ import annotations

import pytest

from adapters.dingtalk import render as dingtalk
from bot import model
from bot.commands import registry, template_commands
from bot.commands.line import parser
from bot.core import plan_preview
from bot.model import verbatim
from tests.bot.oos import outside

TEMPLATE = outside.template(
    """
Parameters:
  webHookUrl: {Type: String}
  address: {Type: String, AllowedPattern: '.*@.*', Default: 'me@example.com'}
  rules: {Type: Json}
Tasks: [{Name: a, Action: ACS::Pause}]
""",
    "look",
)
COMMAND = template_commands.command(TEMPLATE, {"look": TEMPLATE}, {"look": "0"})


def shown(text: str) -> str:
    [message] = dingtalk.messages(model.Message("", (model.Block("pre", text=text),)))
    return message.text.split("```")[1].strip("\n")


@pytest.mark.parametrize(
    "line", [COMMAND.example, COMMAND.example + " address=you@example.com reason='a: b'"]
)
def test_the_line_to_paste_is_what_it_says(line: str) -> None:
    commands = registry.Catalog({"look": COMMAND})
    meant = parser.parse(commands, line, "en")
    assert isinstance(meant, parser.Parsed), meant
    assert "https" in line
    assert shown(line) != line, "an address would be a link there"
    assert parser.parse(commands, shown(line), "en") == meant


def test_only_marks_of_letters_are_taken_away() -> None:
    assert verbatim.pasted("a⟨U+200B⟩b ⟨⟩ ⟨ab⟩ ⟨会⟩ ⟨@⟩all") == "a⟨U+200B⟩b ⟨⟩ ⟨ab⟩ ⟨会⟩ @all"


@pytest.mark.parametrize(
    ("role", "away", "told"),
    [("OOSServiceRole", False, True), ("OOSServiceRole", True, False), ("", False, False)],
)
def test_a_role_that_is_not_assumed_is_said_before_the_vote(
    role: str, away: bool, told: bool
) -> None:
    """OOS would make the calls as the template's RamRole; the bot makes them as itself."""
    template = outside.template(
        "Parameters: {OOSAssumeRole: {Type: String}}\nRamRole: '{{ OOSAssumeRole }}'\n"
        "Tasks: [{Name: a, Action: ACS::Pause}]\n"
    )
    values = {"OOSAssumeRole": role}
    subject = plan_preview.Subject(template, values, (), {}, "cn-hangzhou", away)
    for locale, words in (("en", "is not assumed here"), ("zh-CN", "不会被扮演")):
        text = plan_preview.text(subject, locale)
        assert (words in text) is told
        assert ("OOSServiceRole" in text) is told
