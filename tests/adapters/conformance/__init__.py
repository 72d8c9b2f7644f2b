"""One suite for each door of ``bot.model.ports``, and what each platform wires to be held to it.

A chat platform: a module like ``dingtalk``, and its wiring in ``conftest.PLATFORMS``. An executor:
one like ``cloud_assistant``, and its engine in ``conftest.ENGINES``.
"""
