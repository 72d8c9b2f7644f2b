"""The installation's key, with which hidden values are sealed: read, or made at the first start."""

from __future__ import annotations

import contextlib
import hmac
import logging
import os
import secrets
from pathlib import Path

from bot import config, source, store

log = logging.getLogger("countersign")

NAME = "key"
SHORTEST = 32


def of(settings: config.Config) -> bytes:
    """The key that the configuration names, else that of the file beside the store, which is made
    where there is none. Raises Invalid."""
    if settings.bot.key is not None:
        return settings.bot.key.reveal().encode()
    path = settings.data / NAME
    try:
        if not path.exists():
            make(path, settings.database.exists())
        key = path.read_bytes().strip()
        shared = path.stat().st_mode & 0o077
    except OSError as error:
        raise source.Invalid(
            f"the key of this installation, {path}, cannot be read: {error.strerror}. Make it "
            "readable for this user, or name another with [bot] key"
        ) from error
    if len(key) < SHORTEST:
        raise source.Invalid(
            f"the key of this installation, {path}, is damaged. Put it back from where you keep "
            "it, or delete it: a new one is made, and open requests with hidden values must be "
            "asked anew"
        )
    if shared:
        log.warning("%s can be read by others on this machine: chmod 600 it", path)
    return key


def agreed(key: bytes, opened: store.sql.store.Store) -> None:
    """All who share a store have one key. Raises Unusable."""
    writer = opened.writer
    assert writer is not None
    print_ = hmac.new(key, b"countersign replicas", "sha256").hexdigest()
    writer.begin()
    noted = writer.note_key(print_)
    writer.commit()
    if noted != print_:
        raise store.Unusable(
            "the key of this replica is not the one with which this store was begun: give all "
            "replicas the same with [bot] key, such as the content of the file `key` in the data "
            "folder of the first"
        )


def make(path: Path, used: bool) -> None:
    """Make the key, whole or not at all. ``used``: the bot has run here before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{NAME}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(SHORTEST) + "\n")
        file.flush()
        os.fsync(file.fileno())
    with contextlib.suppress(
        FileExistsError
    ):  # another bot, that is about to be told so, was first
        os.link(new, path)
    new.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    log.info("the key of this installation was made: %s. Keep a copy with your other secrets", path)
    if used:
        log.warning(
            "there was a store, but no key: open requests with hidden values must be asked anew"
        )
