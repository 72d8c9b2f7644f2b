"""Alibaba Cloud EventBridge as a target: PutEvents to the buses that a company has there.

Made of: ``settings`` (which buses), ``events`` (what a rule made → an event that the bus takes),
``signing`` (who we are), ``answers`` (what came back → one of the four outcomes), ``outlet`` (the
call). https://help.aliyun.com/en/eventbridge/putevents
"""

from adapters.eventbridge.settings import Bus, Settings

__all__ = ["Bus", "Settings"]
