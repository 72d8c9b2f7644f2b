"""The templates stored on OOS, each with its versions, and the cloud product actions it knows."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot import source
from bot.oos.check import validate
from bot.oos.template import library, model, parse
from sandbox.aliyun.errors import ApiError, invalid
from sandbox.aliyun.state import iso
from sandbox.base import Clock
from sandbox.oos.pages import page

_NAME = re.compile(r"(?!(?i:aliyun|acs|alibaba))[A-Za-z0-9_-]{1,200}")
LONGEST = 64 * 1024


@dataclass
class Stored:
    """A template by name: its versions, the newest last."""

    number: int
    name: str
    by: str
    created: float
    updated: float
    tags: Mapping[str, str]
    versions: dict[str, model.Template] = field(default_factory=dict)

    def of(self, version: str) -> tuple[str, model.Template]:
        """A version and its template; "" is the newest. Raises ApiError."""
        name = version or list(self.versions)[-1]
        if name not in self.versions:
            raise ApiError(
                404, "EntityNotExists.TemplateVersion", f"{self.name} has no version {version}."
            )
        return name, self.versions[name]


class Templates:
    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.stored: dict[str, Stored] = {}
        self.added: dict[str, model.Template] = {}

    @property
    def products(self) -> dict[str, model.Template]:
        """The cloud product actions: those of the bot stand in for the platform's own."""
        return {**library.shipped(), **self.added}

    def library(self) -> dict[str, model.Template]:
        """What tasks may use: product actions, and the newest version of what is stored."""
        return {**self.products, **{name: one.of("")[1] for name, one in self.stored.items()}}

    def library_of(self, root: model.Template) -> dict[str, model.Template]:
        """The same, in the versions that tasks ask for by TemplateVersion."""
        found, waiting, seen = self.library(), [root], set[str]()
        while waiting:
            for task in waiting.pop().tasks:
                given = {model.fold(key): value for key, value in task.properties.items()}
                name, version = given.get("templatename"), given.get("templateversion")
                if not isinstance(name, str) or name in seen or name not in found:
                    continue
                seen.add(name)
                if isinstance(version, str) and "{{" not in version:
                    found[name] = self.find(name, version)[1]
                waiting.append(found[name])
        return found

    def find(self, name: str, version: str) -> tuple[str, model.Template]:
        """A stored template's version and text; public ones have the name of their action with
        "-". Raises ApiError."""
        if name in self.stored:
            return self.stored[name].of(version)
        for action, template in self.products.items():
            if name in (action, action.replace("::", "-")):
                return "v1", template
        raise ApiError(
            404, "EntityNotExists.Template", f"The specified template {name} does not exist."
        )

    def read(self, content: str, name: str) -> model.Template:
        """The template in a text, if it could run. Raises ApiError."""
        if len(content.encode()) > LONGEST:
            raise invalid("TemplateContent", "it is longer than 64 KB")
        try:
            template = parse.parse(content, name, "template")
        except source.Invalid as error:
            raise _invalid_template(list(error.faults)) from None
        if faults := validate.validate(template, known_templates=self.library(), away=True):
            raise _invalid_template(faults)
        return template

    def write(self, action: str, asked: Mapping[str, Any], caller: str) -> dict[str, Any]:
        """CreateTemplate or UpdateTemplate."""
        name, now = asked["TemplateName"], self.clock.now()
        if not _NAME.fullmatch(name):
            raise invalid("TemplateName", "letters, digits, - and _, at most 200")
        known = self.stored.get(name)
        if action == "CreateTemplate" and known is not None:
            raise ApiError(
                400, "EntityAlreadyExists.Template", f"The template {name} already exists."
            )
        if action == "UpdateTemplate" and known is None:
            self.find(name, "")
        template = self.read(asked["Content"], name)
        if known is None:
            tags = asked.get("Tags", {})
            known = Stored(len(self.stored) + 1, name, caller, now, now, tags)
            self.stored[name] = known
        known.updated = now
        version = f"v{len(known.versions) + 1}"
        known.versions[version] = template
        return {"Template": about(known, version, template), "TemplateType": "Automation"}

    def get(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """GetTemplate."""
        name = asked["TemplateName"]
        version, template = self.find(name, asked.get("TemplateVersion", ""))
        known = self.stored.get(name) or Stored(0, name, "Alibaba Cloud", 0.0, 0.0, {})
        return {"Content": template.source, "Template": about(known, version, template)}

    def listed(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """ListTemplates, the newest first."""
        wanted = asked.get("TemplateName", "")
        found = [one for one in reversed(self.stored.values()) if wanted in one.name]
        shown, more = page(asked, found, lambda one: one.number, least=20)
        return {"Templates": [about(one, *one.of("")) for one in shown], **more}


def _invalid_template(faults: list[source.Fault]) -> ApiError:
    said = "; ".join(
        f"line {fault.mark.line}, column {fault.mark.column}: {fault.message}" for fault in faults
    )
    return ApiError(400, "InvalidTemplate", f"The template is invalid: {said}.")


def about(stored: Stored, version: str, template: model.Template) -> dict[str, Any]:
    """A template as the API shows it."""
    return {
        "TemplateId": f"t-{stored.name}",
        "TemplateName": stored.name,
        "TemplateVersion": version,
        "TemplateFormat": "JSON" if template.source.lstrip().startswith("{") else "YAML",
        "TemplateType": "Automation",
        "ShareType": "Private" if stored.number else "Public",
        "Hash": hashlib.sha256(template.source.encode()).hexdigest(),
        "Description": template.description.get("en", ""),
        "HasTrigger": False,
        "Tags": dict(stored.tags),
        "CreatedBy": stored.by,
        "CreatedDate": iso(stored.created),
        "UpdatedBy": stored.by,
        "UpdatedDate": iso(stored.updated),
    }
