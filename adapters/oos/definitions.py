"""Templates stored on OOS: what they are now, and whether they are still what was shown.

https://www.alibabacloud.com/help/en/oos/developer-reference/api-oos-2019-06-01-gettemplate
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

from adapters import openapi
from adapters.oos.api import Api
from bot import model

CHANGED = "DefinitionChanged"


async def fetch(api: Api, effect: model.FetchDefinition, region: str) -> model.Done:
    """``Done.data`` as ``model.FetchDefinition`` says. Raises Failure."""
    calls = [template(api, region, name, version) for name, version in effect.names]
    items = await asyncio.gather(*calls)
    missing = [name for (name, _), item in zip(effect.names, items, strict=True) if item is None]
    definitions = [item for item in items if item is not None]
    return model.Done(data={"definitions": definitions, "missing": missing})


async def template(
    api: Api, region: str, name: str, version: str, request: int = 0
) -> dict[str, Any] | None:
    """A template in a version ("": the newest); None: there is none. Raises Failure."""
    fields = {"TemplateName": name} | ({"TemplateVersion": version} if version else {})
    try:
        answer = await api.call("GetTemplate", region, fields, request)
    except openapi.Failure as failure:
        if failure.code.startswith("EntityNotExists.Template"):
            return None
        raise
    about = answer.get("Template") or {}
    return {
        "name": name,
        "version": str(about.get("TemplateVersion") or version),
        "content": str(answer.get("Content") or ""),
    }


async def objection(api: Api, plan: model.Plan, region: str, request: int) -> model.Refused | None:
    """Refused if a template of the plan is no longer what was shown. Raises Failure."""

    async def changed(one: model.Definition) -> bool:
        version = one.version if one.pinned else ""
        now = await template(api, region, one.name, version, request)
        return now is None or hashlib.sha256(now["content"].encode()).hexdigest() != one.digest

    answers = await asyncio.gather(*(changed(one) for one in plan.definitions))
    names = [one.name for one, moved in zip(plan.definitions, answers, strict=True) if moved]
    if not names:
        return None
    reason = (
        f"{', '.join(names)} on OOS changed, or was deleted, after it had been shown: ask again, "
        "so that people see what it is now."
    )
    return model.Refused(reason, CHANGED)
