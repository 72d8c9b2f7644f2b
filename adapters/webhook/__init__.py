"""Custom robots of DingTalk and Lark groups, and plain HTTP: where messages of templates go.

Made of: ``address`` (a URI → a target that is allowed), ``bodies`` and ``translate`` (what a
template says → what that robot takes), ``sender`` (one message → one outcome), ``answers`` (what
the robot's answer means), ``hook`` (a call of a run → a message).
"""

from adapters.webhook.address import BadAddress, Target
from adapters.webhook.settings import Robot, Settings

__all__ = ["BadAddress", "Robot", "Settings", "Target"]
