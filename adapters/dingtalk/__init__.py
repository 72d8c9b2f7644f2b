"""DingTalk (钉钉): Stream mode in, cards and messages out.

Made of: ``stream`` and ``link`` (the connection), ``events`` (payload → Event), ``acks`` (what
is answered at once), ``markup`` and ``render`` (Message and Card → DingTalk's markdown and card
parameters), ``api`` (one call → one outcome), ``send`` (one effect → one outcome).
"""

from adapters.dingtalk.settings import Settings

__all__ = ["Settings"]
