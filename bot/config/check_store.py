"""``[bot] store`` and what replicas need: is it an address by which a database can be reached, and
does it show a password?"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping

from bot import source
from bot.config import schema, tolerant
from bot.config.diagnostics import Diagnostics
from bot.source import database, values
from bot.source.secret import FORMS

STORE = ("bot", "store")
REPLICAS = ("lease", "other_configuration", "replica")
"""The keys that only replicas have a use for."""
ENCRYPTED = ("require", "verify-ca", "verify-full")
MODES = ("disable", "allow", "prefer", *ENCRYPTED)
EXTRA = (
    'the package that reaches PostgreSQL is not installed: pip install "countersign[postgres]"; '
    'in a checkout .venv/bin/python -m pip install -c requirements.lock ".[postgres]"'
)
OPEN = (
    "a password may not stand here in plain text, as this file gets copied, committed and sent "
    f"around: write the whole address as {FORMS}, or leave the password to PGPASSWORD or ~/.pgpass"
)


def check_store(
    file: schema.File,
    parts: tolerant.Validation,
    environ: Mapping[str, str],
    diagnostics: Diagnostics,
) -> None:
    """Note what is wrong with the store's address, as far as it was read."""
    store = file.bot.store
    if any(where[:2] == STORE for where, _, _ in parts.errors):
        return
    if store is None:
        for key in REPLICAS:
            if getattr(file.bot, key) != type(file.bot).model_fields[key].default:
                message = "has no use without `store`: an SQLite file has one bot, and no replicas"
                diagnostics.fault(("bot", key), message)
        return
    if importlib.util.find_spec("psycopg") is None:
        diagnostics.fault(STORE, EXTRA)
    if not store.known:
        return
    try:
        address = database.read(store.reveal())
    except source.Invalid as error:
        diagnostics.fault(STORE, str(error))
        return
    if address.secret and store.source == values.HERE:
        diagnostics.fault(STORE, OPEN)
    if not address.name:
        diagnostics.fault(STORE, f"names no database; write it as {database.FORM}")
    _check_encryption(address, environ, diagnostics)


def _check_encryption(
    address: database.Address, environ: Mapping[str, str], diagnostics: Diagnostics
) -> None:
    """Is the way to another machine open to everyone in between?"""
    mode = address.options.get("sslmode") or environ.get("PGSSLMODE", "")
    hosts = address.hosts or tuple(filter(None, environ.get("PGHOST", "").split(",")))
    distant = any(
        not (host.startswith(("/", "@")) or values.of_this_machine(host)) for host in hosts
    )
    if mode and mode not in MODES:
        diagnostics.fault(STORE, f"has an unknown sslmode: it is one of {', '.join(MODES)}")
    elif distant and mode not in ENCRYPTED:
        state = f"has sslmode={mode}" if mode else "names no sslmode"
        message = "so what goes over the network may be readable by anyone in between"
        diagnostics.warn(STORE, f"{state}, {message}: add sslmode=verify-full")
