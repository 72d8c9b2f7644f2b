"""What the tables say of templates: their engine, their approvals, their robots."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from bot.config import check, schema
from bot.config.context import CheckContext
from bot.config.diagnostics import Command
from bot.source import paths, suggest
from bot.source.secret import Secret

UNUSABLE = "holds no usable address; it must be https://host/… as the platform shows it"
_ADDRESS = re.compile(r"[A-Za-z0-9._~:/?@!$&'()*+,;=%\[\]-]{1,2048}")
OF_TEMPLATES = ("engine", "oos_template", "oos_version", "drift", "unjudged_calls")
OF_INSTANCES = ("targets", "allowed_targets", "most_targets", "region")
OF_SCRIPTS = ("user", "workdir", "timeout", "command_id", "invoke")


def check_runbooks(context: CheckContext) -> None:
    """Note everything about templates that is valid by itself and wrong together."""
    for name, table in context.file.command.items():
        known = (context.commands or {}).get(name)
        if known is not None:
            _check_keys(context, name, table, known)
            _check_targets(context, name, table, known)
            _check_approvers(context, name, known)
            _check_canary(context, name, table, known)
            _check_named_robots(context, name, known)
        _check_engine(context, name, table)
        _check_limits(context, name, table)
    _check_watch(context)
    _check_robots(context)


def _check_keys(context: CheckContext, name: str, table: schema.Command, known: Command) -> None:
    """Keys of scripts mean nothing to a template, and the other way round; and neither do to what
    only changes what the bot keeps."""
    for key in (*OF_SCRIPTS, *OF_TEMPLATES, *OF_INSTANCES) if known.internal else ():
        if key in table.model_fields_set:
            message = f"has no use: {name} only changes what the bot itself keeps"
            context.diagnostics.fault(("command", name, key), message)
    if known.internal:
        return
    wrong = OF_SCRIPTS if known.template is not None else OF_TEMPLATES
    for key in wrong:
        if key in table.model_fields_set:
            what = "a template, whose tasks say" if known.template is not None else "no template"
            more = " such things themselves" if known.template is not None else ""
            message = f"has no use: {name} is {what}{more}"
            context.diagnostics.fault(("command", name, key), message)


def _check_engine(context: CheckContext, name: str, table: schema.Command) -> None:
    if context.faulty("command", name, "engine"):
        return
    for key in ("oos_template", "oos_version"):
        if getattr(table, key) and table.engine != "oos":
            message = 'has no use without engine = "oos"'
            context.diagnostics.fault(("command", name, key), message, "engine")
    if table.invoke and not table.command_id:
        message = "has no use without command_id"
        context.diagnostics.fault(("command", name, "invoke"), message, "command_id")
    if table.oos_version and not table.oos_template and table.engine == "oos":
        message = "is the version of nothing: oos_template is missing"
        context.diagnostics.fault(("command", name, "oos_version"), message, "oos_template")


def _check_limits(context: CheckContext, name: str, table: schema.Command) -> None:
    """What OOS calls cannot be held to limits: who sets some must say that this is known."""
    keys = [key for key in ("allowed_targets", "most_targets") if key in table.model_fields_set]
    held = [key for key in keys if getattr(table, key) != ("*",)]
    if table.engine != "oos" or table.unjudged_calls == "allow":
        return
    for key in held:
        message = (
            'cannot be held to with engine = "oos": OOS makes the calls, and only the instances of '
            "Targets parameters are judged before. Leave it out, let the bot run the template, or "
            'say unjudged_calls = "allow"'
        )
        context.diagnostics.fault(("command", name, key), message, "engine")


def _check_targets(context: CheckContext, name: str, table: schema.Command, known: Command) -> None:
    """Instances can only be given to a template that has a parameter for them."""
    if known.template is None:
        return
    targets = next((item for item in known.parameters if item.kind == "targets"), None)
    if targets is None:
        if table.targets:
            message = (
                f"is never used: the template {name} has no parameter with AssociationProperty "
                "Targets that could take them"
            )
            context.diagnostics.fault(("command", name, "targets"), message)
    elif targets.required and table.targets:
        message = (
            f"is never used: {name} needs its parameter {targets.name}, which has no Default, so "
            "people always name the instances"
        )
        context.diagnostics.fault(("command", name, "targets"), message)


def _check_approvers(context: CheckContext, name: str, known: Command) -> None:
    """Whom a template names as approver must be somebody who can vote."""
    users = [person.ram for person in context.file.person if person.ram]
    for user, where in known.approvers.items():
        if user not in users:
            near = (
                suggest.meant(user, users, quote="")
                or f'; write ram = "{user}" at the person it is'
            )
            message = f"{where} wants the approval of {user}, but no person has that ram{near}"
            context.diagnostics.fault(("command", name), message, about="ram")


def _check_canary(context: CheckContext, name: str, table: schema.Command, known: Command) -> None:
    chosen = context.file.policy.get(table.policy)
    if chosen is not None and chosen.canary and not known.loops:
        what = "no loop" if known.template is not None else "no items: it is no template"
        message = f"{table.policy} has a canary, but {name} has {what}, so nobody votes again"
        context.diagnostics.warn(("command", name, "policy"), message)


def _check_watch(context: CheckContext) -> None:
    oos = context.file.oos
    for key in ("policy", "group") if oos.watch else ():
        if getattr(oos, key) is None and not context.faulty("oos", key):
            message = f"{key} is missing: watch = true needs a policy and a group"
            context.diagnostics.fault(("oos",), message, key)


# ----------------------------------------------------------------------------- robots


def _check_robots(context: CheckContext) -> None:
    places: dict[str, paths.Path] = {}
    for path, robot in context.parts.entries("webhook", "robot"):
        other = places.setdefault(robot.name.casefold(), path)
        if other != path:
            message = f"the robot of line {context.diagnostics.line(other)} has this name already"
            context.diagnostics.fault((*path, "name"), message)
        if robot.platform == "plain" and robot.secret is not None:
            message = 'has no use with platform = "plain": nothing is signed there'
            context.diagnostics.fault((*path, "secret"), message, "platform")


def _check_named_robots(context: CheckContext, name: str, known: Command) -> None:
    """A message to a robot that is not there fails the run that sends it."""
    if "webhook" in context.parts.values and context.faulty("webhook"):
        return
    robots = [robot.name for robot in context.file.robots.robot]
    for robot, where in known.robots.items():
        if robot not in robots:
            near = (
                suggest.meant(robot, robots, quote="")
                or f"; there are: {', '.join(robots) or 'none'}"
            )
            message = f"{where} sends to robot:{robot}, and no [[webhook.robot]] has that name"
            context.diagnostics.fault(("command", name), message + near, about=robot)


def address_fault(url: Secret, plain_http: bool) -> str:
    """What is wrong with an address that was read; empty: nothing. It is not shown, for it may hold
    a token. ``plain_http``: http:// to other machines is accepted."""
    address = url.reveal()
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        return UNUSABLE
    if not usable or parts.username is not None or not _ADDRESS.fullmatch(address):
        return UNUSABLE
    if parts.scheme == "http" and not plain_http and not check.loopback(address):
        return (
            "holds an http:// address of another machine, which would send the token readable by "
            "anyone in between; use https://, or set allow_plain_http in [security]"
        )
    return ""
