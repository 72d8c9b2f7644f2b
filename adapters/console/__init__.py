"""A chat platform of the bot's own, for terminals and programs of this machine.

People type in a terminal (``python -m adapters.console``) or post JSON. For evaluation, for the CI
of a company's own commands, and as the template of the next platform. Made of: ``history`` (what
was said, kept in a file), ``server`` (the HTTP API), ``render`` (Message and Card → lines),
``chat`` (one effect → one outcome); and of the client: ``client``, ``screen``, ``__main__``.
"""

from adapters.console.settings import Settings

__all__ = ["Settings"]
