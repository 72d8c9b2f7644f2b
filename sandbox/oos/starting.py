"""StartExecution and ValidateTemplateContent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.oos.parameters import arguments
from bot.oos.template import model
from sandbox.aliyun.errors import ApiError, invalid, missing
from sandbox.aliyun.reference import mapping
from sandbox.base import Clock
from sandbox.oos.running import ACCOUNT, Runner
from sandbox.oos.state import Execution, Executions, text, view
from sandbox.oos.templates import Templates

TOKEN_SECONDS = 30 * 60
"""How long a client token is remembered; after that the same call would start it again."""
CHECKS = ("Skip", "ConfirmEveryHighRiskAction")
MOST_TAGS = 20


class Starter:
    def __init__(
        self, executions: Executions, templates: Templates, runner: Runner, clock: Clock
    ) -> None:
        self.executions = executions
        self.templates = templates
        self.runner = runner
        self.clock = clock
        self._tokens: dict[str, tuple[float, Mapping[str, Any], Execution]] = {}

    def once(self, asked: Mapping[str, Any], caller: str) -> dict[str, Any]:
        """StartExecution; with a client token that is remembered, what it started then."""
        token = str(asked.get("ClientToken", ""))
        if not token:
            return self._shown(self._start(asked, caller))
        if len(token) > 64 or not token.isascii():
            raise invalid("ClientToken", "at most 64 ASCII characters")
        known = self._tokens.get(token)
        if known is None or self.clock.now() - known[0] > TOKEN_SECONDS:
            one = self._start(asked, caller)
            self._tokens[token] = (self.clock.now(), dict(asked), one)
            return self._shown(one)
        if known[1] != asked:
            raise ApiError(
                400,
                "IdempotentParameterMismatch",
                "The specified parameters are different from those of the request that used this "
                "client token before.",
            )
        return self._shown(known[2])

    def validate(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """ValidateTemplateContent."""
        if "Content" not in asked:
            raise missing("Content")
        template = self.templates.read(asked["Content"], "template")
        return {
            "Parameters": text({item.name: {"Type": item.type} for item in template.parameters}),
            "Outputs": text({item.name: {"Type": item.type} for item in template.outputs}),
            "RamRole": text(template.ram_role) if template.ram_role else "",
            "Tasks": [
                {
                    "Name": task.name,
                    "Type": task.action,
                    "Description": task.description.get("en", ""),
                    "Properties": text(dict(task.properties)),
                    "Outputs": text({item.name: {"Type": item.type} for item in task.outputs}),
                }
                for task in template.tasks
            ],
        }

    @staticmethod
    def _shown(one: Execution) -> dict[str, Any]:
        return view(one) | {"Parameters": text(dict(one.parameters))}

    def _start(self, asked: Mapping[str, Any], caller: str) -> Execution:
        version, template = self.template(asked)
        check = asked.get("SafetyCheck", CHECKS[1])
        if check not in CHECKS:
            raise invalid("SafetyCheck", f"one of {', '.join(CHECKS)}")
        for name in ("Mode", "LoopMode"):
            if asked.get(name, "Automatic") != "Automatic":
                raise invalid(name, "the stand-in runs Automatic only")
        given = mapping("Parameters", asked.get("Parameters", "{}"))
        one = self.executions.add(
            region=asked["RegionId"],
            template=template,
            version=version,
            parameters=self._bound(template, given, asked["RegionId"]),
            created=self.clock.now(),
            executed_by=caller,
            description=asked.get("Description", ""),
            tags=tags_of(asked.get("Tags", {})),
            safety_check=check,
            token=asked.get("ClientToken", ""),
        )
        self.runner.launch(one, self.templates.library_of(template))
        return one

    def template(self, asked: Mapping[str, Any]) -> tuple[str, model.Template]:
        """The template that a call names or holds, with its version. Raises ApiError."""
        if "TemplateURL" in asked:
            raise invalid("TemplateURL", "the stand-in takes TemplateName or TemplateContent")
        if content := asked.get("TemplateContent", ""):
            return "v1", self.templates.read(content, asked.get("TemplateName", "content"))
        if "TemplateName" not in asked:
            raise missing("TemplateName")
        return self.templates.find(asked["TemplateName"], asked.get("TemplateVersion", ""))

    @staticmethod
    def _bound(template: model.Template, given: Mapping[str, Any], region: str) -> dict[str, Any]:
        pseudo = {"ACS::RegionId": region, "ACS::AccountId": ACCOUNT}
        bound = arguments.bind(template, given, pseudo)
        if isinstance(bound, list):
            said = "; ".join(map(str, bound))
            raise ApiError(
                400, "InvalidParameter.Parameters", f"The parameters do not fit: {said}."
            )
        return bound


def tags_of(given: Mapping[str, Any]) -> dict[str, str]:
    """Tags as texts. Raises ApiError past the documented limits."""
    if len(given) > MOST_TAGS:
        raise ApiError(400, "NumberExceed.Tags", "At most 20 tags are allowed.")
    for key, value in given.items():
        if not isinstance(value, str) or not key or len(key) > 128 or len(value) > 128:
            raise ApiError(400, "InvalidTag.Malformed", f"The tag {key!r} is not valid.")
        if re.match(r"(?i)aliyun|acs:", key) or "://" in key + value:
            raise ApiError(400, "InvalidTag.Malformed", f"The tag {key!r} is not valid.")
    return dict(given)
