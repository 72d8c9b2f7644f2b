"""Calls out over TLS, our adapters against the vendors' asynchronous clients.

Both trust the same bundle: the usual authorities and the far end's own certificate. That a client
reads such a bundle for every call is the whole difference, and plain HTTP would hide it.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ipaddress
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bench import figures, processes
from bench.suite import Suite

PLATFORMS = {"dingtalk": "reply_text", "lark": "areply", "ecs": "describe_instances_async"}


async def measure(suite: Suite) -> None:
    own, bundle = certificate(processes.FOLDER / "tls")
    rounds = min(suite.rounds, 3)
    rows, ratios = [], []
    async with processes.far_end(own) as far:
        for platform, name in PLATFORMS.items():
            async with (
                caller(far, "ours", platform, bundle) as ours,
                caller(far, "theirs", platform, bundle) as theirs,
            ):
                ours_taken, theirs_taken = [], []
                for _ in range(rounds):
                    ours_taken.append(await ours.round(suite.seconds))
                    theirs_taken.append(await theirs.round(suite.seconds))
            value = figures.ratio([one[0] for one in ours_taken], [one[0] for one in theirs_taken])
            ratios.append(value)
            rate = figures.median(one[0] for one in ours_taken)
            suite.figures.keep(f"outbound.{platform}.tls_per_second", rate)
            suite.figures.keep(f"outbound.{platform}.tls_ratio_to_sdk", value)
            rows.append(
                (
                    platform,
                    rate,
                    1000 * figures.median(one[1] for one in ours_taken),
                    name,
                    figures.median(one[0] for one in theirs_taken),
                    1000 * figures.median(one[1] for one in theirs_taken),
                    value,
                )
            )
    suite.figures.keep("outbound.tls_ratio_to_sdk", min(ratios))
    figures.rows(
        suite.console,
        "Calls out over TLS, sixteen at once",
        ("", "ours/s", "CPU ms each", "SDK's", "its/s", "CPU ms each", "ratio"),
        rows,
    )


class Caller:
    """``bench.callers`` in a process; ``far`` counts the calls that reach it."""

    def __init__(self, process: asyncio.subprocess.Process, far: processes.FarEnd) -> None:
        self._process, self._far = process, far

    async def said(self) -> dict[str, float]:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError("the caller has ended; its last words are above")
        answer: dict[str, float] = json.loads(line)
        return answer

    async def round(self, seconds: float) -> tuple[float, float]:
        """Calls per second as the far end counts them, and processor seconds for each."""
        before = (await self._far.order(do="calls"))["calls"]
        assert self._process.stdin is not None
        self._process.stdin.write(f"{seconds}\n".encode())
        said = await self.said()
        calls = (await self._far.order(do="calls"))["calls"] - before
        return calls / said["seconds"], said["cpu"] / calls


@contextlib.asynccontextmanager
async def caller(
    far: processes.FarEnd, side: str, platform: str, bundle: Path
) -> AsyncIterator[Caller]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.callers", side, platform, far.url, str(bundle)),
        cwd=processes.ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={
            **{k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")},
            "REQUESTS_CA_BUNDLE": str(bundle),
            "SSL_CERT_FILE": str(bundle),
        },
    )
    try:
        one = Caller(process, far)
        await one.said()
        yield one
    finally:
        await processes.Child(process).end()


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 with its key, and the bundle of what is trusted."""
    folder.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bench")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    public = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    own, bundle = folder / "own.pem", folder / "bundle.pem"
    own.write_bytes(public + private)
    bundle.write_bytes(Path(certifi.where()).read_bytes() + public)
    return own, bundle
