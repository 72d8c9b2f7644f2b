"""What exactly will run: a script, a stored command, a template (here, or on another engine), or an
internal operation, which changes what the bot itself keeps.

A plan is frozen when its card is shown; its digest covers every field of it. ``plain`` is the form
in which all kinds of plans are stored and hashed.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, PlainSerializer, Tag

Tags = tuple[tuple[str, str], ...]
"""Keys with their values, sorted."""
InternalName = Literal["freeze", "unfreeze", "standing"]
"""The internal operations: they change what the bot itself keeps, and nothing outside."""


@dataclass(frozen=True, slots=True)
class Instance:
    """A machine, as it was when it was looked up. ``tags`` are in the plan, and so in its digest:
    by them it is judged who must agree."""

    id: str
    name: str = ""
    region: str = ""
    status: str = ""
    agent: bool = True
    tags: Tags = ()

    @property
    def bare(self) -> Instance:
        """What of it a plan keeps: not whether it runs."""
        return Instance(self.id, self.name, self.region, tags=self.tags)


@dataclass(frozen=True, slots=True)
class Definition:
    """Something kept in the cloud that a plan runs, as it was read when the run was planned: a
    command stored in Cloud Assistant by its id, a template stored on OOS by its name. ``digest``:
    SHA-256 of its content. ``pinned``: the platform is told to run this very version; of what is
    not pinned, the content is compared again right before the start."""

    name: str
    version: str
    digest: str
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """What plans of every kind say.

    ``terms`` is what was voted on beside what runs: policies, risk, limits, checks. ``nonce`` is
    the request's, so that the same plan asked for twice has two codes. ``format`` says how the
    digest is made (see ``digest``). ``definitions`` is what is kept in the cloud and belongs to it.
    """

    command: str
    version: str
    instances: tuple[Instance, ...]
    region: str
    definitions: tuple[Definition, ...] = ()
    format: int = 1
    terms: Mapping[str, Any] = field(default_factory=dict)
    nonce: str = ""

    # What not every kind has, so that whoever reads it of any plan need not ask for the kind.

    @property
    def engine(self) -> str:
        """Where it runs: "ecs", "local" or the name of another engine."""
        return ""

    @property
    def away(self) -> bool:
        """Does another engine run it as a template?"""
        return False

    @property
    def internal(self) -> InternalName | Literal[""]:
        """Which internal operation it is; "": none."""
        return ""

    @property
    def script(self) -> str:
        return ""

    @property
    def command_id(self) -> str:
        return ""

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {}

    @property
    def targets(self) -> tuple[str, ...]:
        return ()

    @property
    def selectors(self) -> tuple[Mapping[str, Any], ...]:
        return ()

    @property
    def hidden(self) -> tuple[str, ...]:
        return ()

    @property
    def sealed(self) -> Mapping[str, str]:
        return {}

    @property
    def loose(self) -> tuple[str, ...]:
        return ()

    @property
    def mentions(self) -> tuple[Instance, ...]:
        return ()

    def seal(self, key: bytes) -> Self:
        """The same plan with its hidden values sealed under the key of the installation."""
        return self


@dataclass(frozen=True, slots=True)
class ScriptOperation(Operation):
    """A script in Cloud Assistant. ``script`` is its text as it will run, with its parameters
    already quoted; ``timeout`` in seconds."""

    script: str = ""
    script_type: str = "RunShellScript"
    user: str = ""
    workdir: str = ""
    timeout: int = 60

    @property
    def engine(self) -> str:
        return "ecs"


@dataclass(frozen=True, slots=True)
class ScriptPlan(ScriptOperation):
    """A script of the bot's own."""


@dataclass(frozen=True, slots=True)
class StoredCommandPlan(ScriptOperation):
    """A command stored in Cloud Assistant, by its id, with the values of its ``parameters``.
    ``launcher`` starts it; with ``braces`` Cloud Assistant fills in the ``{{ACS::…}}`` that stand
    in its text; with ``invoke`` it is run by its id, and what was run is compared afterwards.
    (Earlier releases did not read its text: then ``script`` is empty.)"""

    command_id: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    launcher: str = ""
    braces: bool = False
    invoke: bool = False


@dataclass(frozen=True, slots=True)
class TemplateOperation(Operation):
    """An OOS template with its bound values.

    ``templates`` maps it and all that it may use to the SHA-256 of their texts. ``targets`` names
    those of its ``parameters`` that hold the instances, ``selectors`` is what those were found by,
    ``hidden`` names the parameters that are never shown, and ``sealed`` stands for their values in
    the digest: each as an HMAC (see ``seals``). ``preview`` tells what will be done, in order.
    ``loose`` names the tasks that run something in the cloud by its id. ``mentions`` are instances
    that parameters name beside the targets, where the command is held to some by their names.
    """

    template: str = ""
    templates: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    targets: tuple[str, ...] = ()
    selectors: tuple[Mapping[str, object], ...] = ()
    hidden: tuple[str, ...] = ()
    preview: str = ""
    sealed: Mapping[str, str] = field(default_factory=dict)
    loose: tuple[str, ...] = ()
    mentions: tuple[Instance, ...] = ()

    def seal(self, key: bytes) -> Self:
        return replace(self, sealed=seals(self, key))


@dataclass(frozen=True, slots=True)
class TemplatePlan(TemplateOperation):
    """A template that the bot runs itself. ``canary``: so many items of a loop, then people vote
    again."""

    canary: int = 0

    @property
    def engine(self) -> str:
        return "local"


@dataclass(frozen=True, slots=True)
class RemoteTemplatePlan(TemplateOperation):
    """A template that another engine runs: its text is ``script``, or it is stored there and
    ``command_id`` is its name."""

    engine: str = "oos"
    script: str = ""
    command_id: str = ""

    @property
    def away(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class InternalPlan(Operation):
    """An internal operation, with the values that it is done with. ``preview`` tells what it
    changes, in the language of the request."""

    internal: InternalName = field(kw_only=True)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    preview: str = ""

    @property
    def engine(self) -> str:
        return "internal"


_PLAIN: Mapping[str, object] = {
    "command": "",
    "version": "",
    "instances": (),
    "region": "",
    "script": "",
    "script_type": "RunShellScript",
    "command_id": "",
    "parameters": {},
    "user": "",
    "workdir": "",
    "timeout": 60,
    "engine": "ecs",
    "template": "",
    "templates": {},
    "targets": (),
    "selectors": (),
    "hidden": (),
    "canary": 0,
    "preview": "",
    "format": 1,
    "terms": {},
    "nonce": "",
    "sealed": {},
    "definitions": (),
    "launcher": "",
    "braces": False,
    "invoke": False,
    "loose": (),
    "mentions": (),
}
"""The fields of all kinds together, in the order in which they are stored, each with the value that
it has in plans of other kinds."""
_SINCE_FORMAT_2 = (
    "format", "terms", "nonce", "sealed", "definitions", "launcher", "braces", "invoke", "loose",
)  # fmt: skip
EMPTY: tuple[object, ...] = (None, "", [], {})


def plain(plan: Plan) -> dict[str, Any]:
    """A plan as it is stored: the fields of every kind, so that its digest does not depend on how
    the kinds are divided."""
    form = {name: getattr(plan, name, value) for name, value in _PLAIN.items()}
    if plan.internal:
        form["internal"] = plan.internal
    return form | {
        "instances": [_instance(each) for each in plan.instances],
        "mentions": [_instance(each) for each in plan.mentions],
    }


def _instance(one: Instance) -> dict[str, object]:
    """An instance as it is stored. Without tags as in plans of earlier releases, which had none."""
    form: dict[str, object] = {
        "id": one.id,
        "name": one.name,
        "region": one.region,
        "status": one.status,
        "agent": one.agent,
    }
    return form | {"tags": one.tags} if one.tags else form


def _kind(plan: object) -> str:
    """The name of a plan's type, also of one that is stored."""
    if not isinstance(plan, dict):
        return type(plan).__name__
    if plan.get("internal"):
        return "InternalPlan"
    if plan.get("template"):
        return "TemplatePlan" if plan.get("engine") == "local" else "RemoteTemplatePlan"
    return "StoredCommandPlan" if plan.get("command_id") else "ScriptPlan"


Plan = Annotated[
    Annotated[ScriptPlan, Tag("ScriptPlan")]
    | Annotated[StoredCommandPlan, Tag("StoredCommandPlan")]
    | Annotated[TemplatePlan, Tag("TemplatePlan")]
    | Annotated[RemoteTemplatePlan, Tag("RemoteTemplatePlan")]
    | Annotated[InternalPlan, Tag("InternalPlan")],
    Discriminator(_kind),
    PlainSerializer(plain),
]


def canonical(value: object) -> str:
    """JSON with sorted keys and no spaces: the same value always gives the same text."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(plan: Plan) -> str:
    """SHA-256 over the canonical JSON of the whole plan, in hex. Hidden values are in it as their
    seals only, so nobody finds one by trying values until the digest fits. Plans of format 1, which
    earlier releases stored, are hashed as they were then."""
    form = plain(plan) | {"definitions": [asdict(each) for each in plan.definitions]}
    if not form["mentions"]:
        del form["mentions"]  # plans of earlier releases have none
    if plan.format == 1:
        form = {name: value for name, value in form.items() if name not in _SINCE_FORMAT_2}
    elif plan.sealed:
        form["parameters"] = {
            name: value for name, value in plan.parameters.items() if name not in plan.sealed
        }
        form["selectors"] = [
            {} if name in plan.sealed and selector is not None else selector
            for name, selector in itertools.zip_longest(plan.targets, plan.selectors)
        ]
    return hashlib.sha256(canonical(form).encode()).hexdigest()


def seals(plan: Operation, key: bytes) -> dict[str, str]:
    """What stands for each hidden value in the digest: HMAC-SHA256, in hex, under the key of the
    installation. The nonce is in it, so that the same value in two requests has two seals."""
    selectors = dict(zip(plan.targets, plan.selectors, strict=False))
    return {
        name: hmac.new(
            key,
            canonical([plan.nonce, name, plan.parameters[name], selectors.get(name)]).encode(),
            hashlib.sha256,
        ).hexdigest()
        for name in covert(plan)
    }


def covert(plan: Operation) -> tuple[str, ...]:
    """The parameters that hide something: one without a value does not."""
    return tuple(name for name in plan.hidden if plan.parameters.get(name) not in EMPTY)


def intact(plan: Plan, key: bytes) -> bool:
    """Are the hidden values those that were voted on? Without the key only their names are known.
    Digests of format 1 cover the values themselves."""
    if plan.format == 1:
        return True
    if not key:
        return set(plan.sealed) == set(covert(plan))
    return hmac.compare_digest(canonical(dict(plan.sealed)), canonical(seals(plan, key)))


def short(full: str) -> str:
    """The code of a digest that people read and type: its first eight hex digits."""
    return full[:8]
