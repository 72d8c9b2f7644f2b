"""How a request looks: its card at every moment, and the messages in its thread.

Only structure is made here; every string goes out as plain text and is escaped by the adapter.
"""

from bot.cards.drawing import card_of, draw
from bot.cards.glass import glass_message
from bot.cards.outcome import ending_message, fallback_message, outcome_message
from bot.cards.parts import (
    accounts_of,
    instance_name,
    moment,
    name_of,
    names_of,
    para,
    people,
    sentence,
    span,
    state_word,
    title_of,
    words,
)
from bot.cards.request import (
    lock_text,
    note_of,
    opening_text,
    request_card,
    superseded_card,
    wait_text,
)
from bot.cards.results import FINISHED, instances_message, result_text
from bot.cards.runs import ballot_message
from bot.cards.sheets import Sheets

__all__ = [
    "FINISHED",
    "Sheets",
    "accounts_of",
    "ballot_message",
    "card_of",
    "draw",
    "ending_message",
    "fallback_message",
    "glass_message",
    "instance_name",
    "instances_message",
    "lock_text",
    "moment",
    "name_of",
    "names_of",
    "note_of",
    "opening_text",
    "outcome_message",
    "para",
    "people",
    "request_card",
    "result_text",
    "sentence",
    "span",
    "state_word",
    "superseded_card",
    "title_of",
    "wait_text",
    "words",
]
