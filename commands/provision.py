"""Give a new colleague a home on the instances."""

from __future__ import annotations

from typing import Annotated, Literal

from bot import About, Pattern, Script, Targets, Text, Word, operation

Employee = Annotated[
    Word,
    Pattern(r"E[0-9]{1,8}", "工号：E 加 1 到 8 位数字", "a staff number: E and 1 to 8 digits"),
    About("工号", "the staff number", "E123", ("工号",)),
]
Job = Annotated[
    Literal["devops", "dev", "ops"], About("角色", "the role", "devops", ("角色", "岗位"))
]


@operation(
    aliases=("开通", "入职"),
    risk="medium",
    summary=("为新同事开通账号目录", "Set up a new colleague"),
    does=("为 {emp_id} 开通账号目录（{role}）", "set up {emp_id} ({role})"),
    example="provision E123 devops",
)
def provision(
    emp_id: Employee,
    role: Job,
    targets: Targets = (),
    reason: Annotated[Text, About("原因", "why", "new hire")] = "",
) -> Script:
    return Script.file("provision.sh", EMP_ID=emp_id, ROLE=role)
