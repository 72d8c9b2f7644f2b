"""Fn::FindMatchedPackage: which package of an OOS software package fits an instance."""

from __future__ import annotations

from collections.abc import Iterator

from bot import source
from bot.oos.expr import values
from bot.oos.expr.functions import base
from bot.oos.expr.functions.base import Example, Function
from bot.oos.template import reading

_CONTENT = frozenset({"bucketname", "objectname", "installscript", "uninstallscript"})
_CRITERIA = ("platform", "platformversion", "architecture", "ostype")
_ANY = frozenset({"*", "all", "any", ""})


def find_matched_package(argument: object) -> dict[str, object]:
    """The first package whose platform and architecture are the instance's; "*" fits any. They are
    fields of the package, or the keys under which it is listed."""
    content, instance = base.items(argument, 2)
    facts = {values.printed(fact).casefold() for fact in base.mapping(instance).values()}
    for wanted, package in _packages(_document(content), ()):
        if all(_fits(each.casefold(), facts) for each in wanted):
            return package
    raise base.BadArgument(f"no package fits {values.brief(instance)}")


def _document(content: object) -> object:
    document = values.literal(content)
    if isinstance(document, str):
        try:
            document, *_ = reading.read(document, "")
        except source.Invalid as error:
            why = f"line {error.fault.mark.line}: {error.fault.message}"
            raise base.BadArgument(
                f"the package's content is neither JSON nor YAML: {why}"
            ) from None
    if not isinstance(document, dict):
        raise base.BadArgument(f"expected the content of a package, got {values.kind(content)}")
    for key, value in document.items():
        if str(key).casefold() == "packages":
            return value
    return document


def _packages(
    document: object, path: tuple[str, ...]
) -> Iterator[tuple[list[str], dict[str, object]]]:
    if isinstance(document, list):
        for each in document:
            yield from _packages(each, path)
    elif isinstance(document, dict):
        if _CONTENT & {str(key).casefold() for key in document}:
            own = [
                values.printed(value)
                for key, value in document.items()
                if str(key).casefold() in _CRITERIA
            ]
            yield [*path, *own], document
            return
        for key, value in document.items():
            yield from _packages(value, (*path, str(key)))


def _fits(wanted: str, facts: set[str]) -> bool:
    return wanted in _ANY or any(
        fact == wanted or fact.startswith((f"{wanted} ", f"{wanted}.")) for fact in facts
    )


_LINUX = {"BucketName": "b", "ObjectName": "app.rpm"}
FUNCTIONS = (
    Function("FindMatchedPackage", "The package of an OOS software package that fits an instance.",
        "OOS 软件包中适合实例平台与架构的包。", "[content, instance]",
        (Example([{"Packages": {"centos": {"x86_64": _LINUX}}},
            {"platform": "CentOS", "architecture": "x86_64"}], _LINUX),),
        find_matched_package, wrong=base.takes(2), documented=False),
)  # fmt: skip
