"""The tables of the bus: rules, where they lead, and what comes in from outside."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from bot.config import kinds
from bot.source import values
from bot.source.tables import Table
from bot.source.values import Text, Texts

Long = Annotated[str, StringConstraints(max_length=10240)]


class RunCommand(Table):
    """A command stored in Cloud Assistant, in the words of its API. It is asked for as a `command`
    is, by the `[command.NAME]` that has this `command_id`: its parameters, rights, policy and votes
    hold. A table, or its JSON in quotes. In texts `{{.detail.emp_id}}` is a value of the event."""

    CommandId: Text = Field(description="The `command_id` of a `[command.NAME]`.")
    InstanceIds: Texts = Field(
        default=(), description="Its instances. Default: `targets` of `[command.NAME]`."
    )
    Timeout: Annotated[int, Field(ge=10, le=86400)] | None = Field(
        default=None,
        description="Seconds after which Cloud Assistant stops it. Default: as `[command.NAME]` "
        "has it.",
    )
    Parameters: Annotated[
        dict[Text, kinds.Argument],
        BeforeValidator(kinds.json_table),
        values.Shown("table of text or number"),
    ] = Field(
        default_factory=dict,
        description="Parameter = constant, text with placeholders, or path (`$.detail.role`).",
    )


class Target(Table):
    """Where a rule leads, and what is sent there. Exactly one of `command`, `run_command`, `group`
    (alone), `thread`, `robot`, `url`, `endpoint` and `bus` says where. Without a `form` the whole
    event is sent."""

    command: Text | None = Field(
        default=None,
        description="Ask for this command in `group`, through the checks and policies that hold "
        "for people. Who asks is `person`, or whoever the event is from.",
    )
    args: dict[Text, kinds.Argument] = Field(
        default_factory=dict,
        description="Parameter = path into the event (`$.data.role`), constant, or text with "
        "placeholders (`{{.data.role}}`) (`command`).",
    )
    run_command: Annotated[RunCommand | None, BeforeValidator(kinds.json_table)] = Field(
        default=None, description="See [[rule.target.run_command]](#ruletargetrun_command)."
    )
    person: Text | None = Field(
        default=None,
        description="On whose behalf. Default: of whoever the event is from, who is a requester in "
        "any case and does not approve.",
    )
    policy: Text | None = Field(
        default=None, description="A policy that must be satisfied in place of the command's own."
    )
    group: Text | None = Field(
        default=None, description="Tell it in the group of this name; of `command`: ask there."
    )
    platform: values.Platform | None = Field(
        default=None, description="Where that group is, if both platforms have one of the name."
    )
    mention: Texts = Field(
        default=(), description="People, by id, who are called there (`group`, `thread`)."
    )
    thread: Literal[True] | None = Field(
        default=None,
        description="`true`: tell it in the thread of the request that the event is about.",
    )
    robot: Text | None = Field(
        default=None, description="Send to the [[[webhook.robot]]](#webhookrobot) of this name."
    )
    url: values.Address | None = Field(
        default=None,
        description="POST to this address, of a host that `[webhook]` names. One that holds a "
        "token belongs into a robot or an endpoint.",
    )
    endpoint: Text | None = Field(
        default=None, description="POST, signed, to the [[[endpoint]]](#endpoint) of this name."
    )
    bus: Text | None = Field(
        default=None,
        description="Put the event on the [[[bus]]](#bus) of this name, a real EventBridge.",
    )
    form: Literal["ORIGINAL", "JSONPATH", "CONSTANT", "TEMPLATE"] = Field(
        default="ORIGINAL",
        description="What is sent, in EventBridge's words: the whole event, what stands at one "
        "path, a constant, or a template with variables.",
    )
    value: kinds.Json | None = Field(
        default=None,
        description="The path (`JSONPATH`), the constant (`CONSTANT`), or the variables "
        '(`TEMPLATE`): `{ role = "$.data.role", from = "a constant" }`, or that as JSON text.',
    )
    template: Long | None = Field(
        default=None,
        description="The text with `${variables}` (`TEMPLATE`): for robots, addresses and "
        "endpoints JSON, for chats plain text. Values are escaped for where they land.",
    )
    retry: Literal["BACKOFF_RETRY", "EXPONENTIAL_DECAY_RETRY"] = Field(
        default="BACKOFF_RETRY",
        description="When a try provably failed: three more, 10 to 20 seconds apart, or 176 more, "
        "1, 2, 4 … 512 seconds apart, which is a day. Then it is a dead letter.",
    )


class Rule(Table):
    """Which events mean something, and what is done then. A rule needs a `pattern` or a `when`."""

    name: Text = Field(description="Its name, as the audit log and dead letters tell it.")
    pattern: Annotated[
        dict[str, Any] | str | None,
        BeforeValidator(kinds.pattern),
        values.Shown("table or JSON text"),
    ] = Field(
        default=None,
        description="The events that are meant, in EventBridge's grammar: a table, or JSON in "
        "quotes as it is pasted from the console.",
    )
    when: str | None = Field(
        default=None,
        description='The same in short: `$.source == "%(approval)s" && $.data.role != null`.',
    )
    dialect: Literal["alibaba", "aws"] = Field(
        default="alibaba", description="Whose semantics hold where the two vendors differ."
    )
    enabled: bool = Field(default=True, description="Whether it is asked at all.")
    target: Annotated[tuple[Target, ...], Field(strict=False, min_length=1)] = Field(
        description="See [[[rule.target]]](#ruletarget)."
    )
