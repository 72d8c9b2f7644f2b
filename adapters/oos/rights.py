"""What the identity must be allowed at OOS, and who may be the role that OOS runs a template as.

Which resources an action is judged by:
https://www.alibabacloud.com/help/en/oos/developer-reference/api-oos-2019-06-01-ram. The role:
https://help.aliyun.com/zh/oos/use-cases/grant-ram-permissions-on-oos
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bot.model.rights import Document, Operation, Right

SERVICE = "oos.aliyuncs.com"
FOLLOWS = ("ListExecutions", "ListTaskExecutions")
DECIDES = "NotifyExecution"
STOPS = "CancelExecution"
TRUST: Document = {
    "Version": "1",
    "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": [SERVICE]}}
    ],
}
"""Who may assume the role: OOS alone."""


def of(region: str, operations: Sequence[Operation], watched: bool) -> Iterator[Right]:
    """The rights for what OOS runs, of the ``remote`` ones among these operations. ``watched``:
    executions of others that wait are taken up. ``region``: of executions that name none."""
    remote = [operation for operation in operations if operation.kind == "remote"]
    if watched:
        for action in (*FOLLOWS, DECIDES):
            yield Right(f"oos:{action}", places((region,), "execution"))
    for operation in remote:
        by, regions = (operation.command,), operation.regions or (region,)
        for action in (*FOLLOWS, DECIDES, STOPS):
            yield Right(f"oos:{action}", places(regions, "execution"), commands=by)
        stored = places(regions, "template", operation.stored or "*")
        runs = (*stored, *places(regions, "execution"))
        yield Right("oos:StartExecution", runs, commands=by)
        if operation.stored or operation.parts:
            wanted = "*" if operation.parts else operation.stored
            yield Right("oos:GetTemplate", places(regions, "template", wanted), commands=by)
        if not operation.stored:
            yield Right("oos:ValidateTemplateContent", commands=by)
        if operation.role:
            role = f"acs:ram:*:*:role/{operation.role.lower()}"
            for_oos = ("StringEquals", "acs:Service", (SERVICE,))
            yield Right("ram:PassRole", (role,), (for_oos,), by)


def places(regions: Iterable[str], kind: str, name: str = "*") -> tuple[str, ...]:
    return tuple(f"acs:oos:{region}:*:{kind}/{name}" for region in regions)
