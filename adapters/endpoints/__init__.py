"""Signed deliveries to other servers: what a rule made of an event, by POST to an endpoint.

Made of: ``settings`` (what may be called), ``request`` (a delivery → signed headers and a body),
``answers`` (what came back → one of the four outcomes), ``outlet`` (the call).
"""

from adapters.endpoints.settings import Endpoint, Settings

__all__ = ["Endpoint", "Settings"]
