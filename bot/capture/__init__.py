"""What goes over the wire, kept in a folder without secrets and people, and read again.

A folder holds files of JSON Lines, ``capture-TIME-ID-NUMBER.jsonl``. The first line of each is a
header, every other a record: a frame, an exchange, or a sentence about what is missing.
"""

from __future__ import annotations

from bot.capture.recorder import Recorder as Recorder
from bot.capture.records import FORMAT as FORMAT
from bot.capture.records import Fault as Fault
from bot.capture.records import Record as Record
from bot.capture.records import of_folder as of_folder
