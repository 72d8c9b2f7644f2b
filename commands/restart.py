"""Restart a service on instances."""

from __future__ import annotations

from typing import Annotated

from bot import About, Pattern, Script, Targets, Text, Word, operation

Service = Annotated[
    Word,
    Pattern(
        r"[A-Za-z0-9][A-Za-z0-9@._-]{0,63}",
        "服务名：字母、数字和 @ . _ -",
        "a service's name: letters, digits and @ . _ -",
    ),
    About("服务名", "the service", "nginx", ("服务",)),
]


@operation(
    aliases=("重启",),
    risk="medium",
    summary=("重启实例上的服务", "Restart a service on instances"),
    does=("重启 {service}", "restart {service}"),
    example='restart web-01 web-02 reason="memory leak"',
)
def restart(
    targets: Targets,
    service: Service = "nginx",
    reason: Annotated[Text, About("原因", "why", "memory leak")] = "",
) -> Script:
    return Script.file("restart.sh", SERVICE=service)
