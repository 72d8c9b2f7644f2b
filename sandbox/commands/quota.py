"""Give a project more of a machine: the demo's command behind the form of a resource request."""

from __future__ import annotations

from typing import Annotated, Literal

from bot import About, Between, Pattern, Script, Targets, Text, Word, operation

Project = Annotated[
    Word,
    Pattern(r"[a-z][a-z0-9-]{1,30}", "项目名：小写字母、数字和 -", "small letters, digits and -"),
    About("项目", "the project", "shop", ("项目",)),
]
Resource = Annotated[Literal["cpu", "memory", "disk"], About("资源", "what of", "cpu", ("资源",))]
Amount = Annotated[int, Between(1, 512), About("数量", "how much", "8", ("数量",))]


@operation(
    aliases=("配额",),
    risk="low",
    summary=("给项目设置资源配额", "Set how much of a resource a project may use"),
    example="quota shop cpu 8",
)
def quota(
    project: Project,
    resource: Resource,
    amount: Amount,
    targets: Targets = (),
    reason: Annotated[Text, About("原因", "why", "the sale")] = "",
) -> Script:
    return Script.file("quota.sh", PROJECT=project, RESOURCE=resource, AMOUNT=amount)
