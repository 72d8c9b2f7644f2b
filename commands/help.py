"""What can be asked for, and how."""

from __future__ import annotations

from typing import Annotated

from bot import (
    About,
    Block,
    Command,
    Context,
    Parameter,
    Pattern,
    Reply,
    Span,
    Word,
    query,
)

Name = Annotated[
    Word,
    Pattern(r"\S{1,40}", "命令名", "a command's name"),
    About("命令名", "the command to explain", "restart", ("命令",)),
]


@query(
    "help",
    aliases=("帮助", "用法"),
    summary=("查看可用的命令和用法", "What you can ask for, and how"),
    example="help restart",
)
def explain(context: Context, command: Name = "") -> Reply:
    if not command:
        return _overview(context)
    command_ = context.catalog.find(command.lstrip("/"))
    if command_ is None:
        near = [name for name in context.catalog.nearest(command) if context.may_use(name)]
        hint = context.say("hint.did_you_mean" if near else "hint.help", names=near)
        return _sentence(context, context.say("help.unknown", word=command, hint=hint))
    if not context.may_use(command_.name):
        return _sentence(context, context.say("help.not_yours", command=command_.name))
    return _manual(context, command_)


def _sentence(context: Context, text: str) -> Reply:
    return Reply(context.say("help.title"), (Block("para", (Span(text),)),))


def _overview(context: Context) -> Reply:
    usable = [each for each in context.catalog if context.may_use(each.name)]
    blocks: list[Block] = []
    operations = [each for each in usable if each.kind == "operation"]
    if not operations:
        blocks.append(Block("para", (Span(context.say("help.no_operations")),)))
    for key, kinds in (
        ("help.operations", ("operation",)),
        ("help.questions", ("query", "lookup")),
        ("help.votes", ("vote",)),
    ):
        rows = tuple(
            (each.name, (Span(each.summary[context.locale]),))
            for each in usable
            if each.kind in kinds
        )
        if rows:
            blocks.append(Block("para", (Span(context.say(key), "bold"),)))
            blocks.append(Block("list", rows=rows))
    example = (operations or usable)[0].name
    blocks.append(Block("para", (Span(context.say("help.more", command=example)),)))
    return Reply(context.say("help.title"), tuple(blocks))


def _manual(context: Context, command: Command) -> Reply:
    rows = [(item.name, (Span(_about(context, item)),)) for item in command.parameters]
    if command.aliases:
        rows.append((context.say("help.aliases"), (Span(" ".join(command.aliases)),)))
    rule = context.book.commands.get(command.name)
    if command.kind == "operation" and rule is not None:
        risk = context.say(f"risk.{rule.risk or command.risk}")
        rows.append((context.say("help.risk"), (Span(risk),)))
        if rule.policy in context.book.policies:
            text = _approval(context, rule.policy)
            rows.append((context.say("help.approval"), (Span(text),)))
        if rule.targets:
            rows.append((context.say("help.targets"), (Span(", ".join(rule.targets)),)))
    title = f"{command.name} · {command.summary[context.locale]}"
    blocks = [Block("facts", rows=tuple(rows))] if rows else []
    blocks.append(Block("para", (Span(context.say("help.example"), "bold"),)))
    blocks.append(Block("pre", text=command.example))
    return Reply(title, tuple(blocks))


def _approval(context: Context, name: str) -> str:
    """Who must agree by a policy, stage by stage."""
    policy, stages = context.book.policies[name], []
    for stage in policy.all_stages:
        names = [_approver(context, who) for who in stage.approvers]
        stages.append(context.say(f"approval.{stage.mode}", names=names, count=stage.count))
    return context.say(f"stages.{policy.order}").join(stages)


def _approver(context: Context, who: str) -> str:
    kind, colon, name = who.partition(":")
    if colon and kind == "tag":
        return context.say("approval.owner", tag=name)
    if colon and kind == "oncall":
        return context.say("approval.on_call", rota=name)
    return context.name(who)


def _about(context: Context, item: Parameter) -> str:
    about = item.label(context.locale)
    if item.choices or item.between is not None or item.template_parameter is not None:
        about += context.say("help.values", values=item.expected(context.locale))
    if item.required:
        return about
    if not item.usual:
        return context.say("help.optional", about=about)
    return context.say("help.default", about=about, value=item.usual)
