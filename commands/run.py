"""Run a script of one's own on instances: the strongest thing that can be asked for."""

from __future__ import annotations

from typing import Annotated

from bot import About, Script, ScriptText, Targets, Text, operation


@operation(
    aliases=("执行", "运行"),
    risk="critical",
    summary=("在实例上执行一段脚本", "Run a script on instances"),
    does=("执行一段脚本", "run a script"),
    example="run web-01 -- df -h",
)
def run(
    targets: Targets,
    script: Annotated[ScriptText, About("脚本", "the script", "df -h", ("脚本",))],
    reason: Annotated[Text, About("原因", "why", "disk is full")] = "",
) -> Script:
    return Script(script, name="run", windows=script)
