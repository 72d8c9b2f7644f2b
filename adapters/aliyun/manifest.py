"""What the adapter of Alibaba Cloud declares of itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from adapters import openapi
from adapters.aliyun import describe, products, rights
from adapters.aliyun.settings import Settings
from adapters.openapi import ram, regions
from bot.model import checks, manifests, ports

CREDENTIALS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "default": ((), ()),
    "key": (("key_id", "key_secret"), ("security_token",)),
    "role": (("role_arn",), ("key_id", "key_secret", "external_id", "sts_endpoint")),
}
"""type → the keys that it needs, and those that it may have."""


def build(settings: Settings, deps: manifests.Deps) -> ports.Executor:
    from adapters.aliyun import Aliyun

    return Aliyun(settings, deps.clock, deps.tap)


def examine(settings: Settings, deps: manifests.CheckDeps) -> checks.Checkup:
    from adapters.aliyun.checks import checkup

    return checkup(settings, deps)


def models() -> ports.Models:
    """What is known of the products' APIs, read from the SDKs that are installed."""
    from adapters.aliyun import models

    return models.Models()


def check(settings: Settings) -> Iterator[manifests.Flaw]:
    """Each type of credentials needs its keys, and has no use for the others."""
    keys = settings.credentials
    needed, possible = CREDENTIALS[keys.type]
    if keys.type == "role" and (keys.key_id or keys.key_secret):
        needed = (*needed, "key_id", "key_secret")  # a pair: one is of no use without the other
    table, type_ = ("credentials",), ("credentials", "type")
    for key in sorted({key for parts in CREDENTIALS.values() for part in parts for key in part}):
        present = bool(getattr(keys, key))
        if key in needed and not present:
            message = f'{key} is missing: type = "{keys.type}" needs it'
            yield manifests.Flaw(table, message, key, unless=(type_, (*table, key)))
        if present and key not in (*needed, *possible):
            message = f'has no use with type = "{keys.type}"'
            yield manifests.Flaw((*table, key), message, "type", unless=(type_,))


def interpreter(settings: Settings) -> ports.Interpreter:
    from adapters.aliyun import results

    return openapi.Interpreter({"DescribeInvocationResults": results.of_answer})


MANIFEST = manifests.CloudManifest(
    name="aliyun",
    title="Alibaba Cloud",
    settings=Settings,
    build=build,
    check=check,
    shown=("endpoint", "region"),
    loggers=("alibabacloud",),
    regions=regions.KNOWN,
    known=products.known,
    models=models,
    examine=examine,
    interpreter=interpreter,
    instance=lambda text: describe.ID.fullmatch(text) is not None,
    rights=rights.of,
    calls=rights.calls,
    policy=ram.policy,
    assumed=lambda settings: (
        settings.credentials.role_arn if settings.credentials.type == "role" else ""
    ),
)
