"""What is done to the platforms: machines, faults, the wire."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from sandbox.page import faults
from sandbox.page.acts import Act, Platform, Refused, World

Party = Literal["dingtalk", "lark", "aliyun", "sink"]
FOREVER = 9999


# ----------------------------------------------------------------------------- machines


def _machine(world: World, id: str) -> str:
    if id not in world.company.aliyun.cloud.machines:
        raise Refused(f"没有“{id}”这台机器。", f"There is no machine {id!r}.")
    return id


async def agent(world: World, *, id: str, running: bool) -> object:
    """Start or stop its Cloud Assistant agent."""
    await world.company.call("aliyun", "set_agent", instance=_machine(world, id), running=running)
    return {}


async def slow(world: World, *, id: str, seconds: float) -> object:
    """What it is told to run reaches its agent so many seconds later; 0: at once."""
    if not 0 <= seconds <= 3600:
        raise Refused("秒数应在 0 到 3600 之间。", "Seconds are between 0 and 3600.")
    await world.company.call("aliyun", "slow_agent", instance=_machine(world, id), seconds=seconds)
    return {}


async def status(world: World, *, id: str, status: Literal["Running", "Stopped"]) -> object:
    await world.company.call("aliyun", "set_instance", instance=_machine(world, id), status=status)
    return {}


async def remove(world: World, *, id: str) -> object:
    """Take it away: it is released, in the middle of whatever it does."""
    given = {"instance": _machine(world, id), "status": "Released"}
    await world.company.call("aliyun", "set_instance", **given)
    return {}


async def write(world: World, *, id: str, name: str, text: str) -> object:
    """Put a file into its folder."""
    machine = world.company.aliyun.cloud.machines[_machine(world, id)]
    try:
        path = _inside(machine.folder.resolve(), name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as error:
        why = error.strerror
        raise Refused(f"写不了这个文件：{why}。", f"The file cannot be written: {why}.") from error
    world.company.aliyun.cloud.changed(machine)
    return {}


def _inside(folder: Path, name: str) -> Path:
    """The file of that name in a machine's folder, which is not one of its tools."""
    if "\0" not in name:
        path = (folder / name).resolve()
        parts = path.relative_to(folder).parts if path.is_relative_to(folder) else ()
        if parts and parts[0] not in ("bin", ".agent"):
            return path
    raise Refused("文件要在这台机器自己的目录之内。", "A file lies in the machine's own folder.")


# ----------------------------------------------------------------------------- faults and the wire


async def add(world: World, *, platform: Party, kind: str, times: int = 1) -> object:
    """Let the next so many calls or pushes of a kind misbehave."""
    found = faults.KINDS.get(platform, {}).get(kind)
    if found is None:
        raise Refused(f"没有“{kind}”这种故障。", f"There is no fault {kind!r}.")
    if not 1 <= times <= FOREVER:
        raise Refused("次数应在 1 到 9999 之间。", "Times are between 1 and 9999.")
    given = {"api": found.api, "do": found.do, "times": times, **found.args}
    await world.company.call(platform, "fault", **given)
    return {}


async def clear(world: World, *, platform: Party) -> object:
    await world.company.call(platform, "clear_faults")
    return {}


async def disconnect(
    world: World, *, platform: Platform, how: Literal["ask", "cut", "zombie", "alive"] = "cut"
) -> object:
    """End the connections: as the platform does when it moves them ("ask"), or without a word
    ("cut"); or let them lose all while they look alive ("zombie"), or no longer ("alive")."""
    if how in ("zombie", "alive"):
        await world.company.call(platform, "zombie", on=how == "zombie")
    else:
        method = "ask_disconnect" if how == "ask" else "kill_sockets"
        await world.company.call(platform, method)
    return {}


async def repeat(world: World, *, platform: Platform) -> object:
    """Push the last message or form event once more, as a platform does that promises no more than
    at least once."""
    party = world.company.parties[platform]
    assert party.name in ("dingtalk", "lark")
    deliveries = await world.company.call(platform, "deliveries")
    last = next((d["id"] for d in reversed(deliveries) if d["kind"] != "push.card"), "")
    if not last:
        raise Refused("还没有推送过消息。", "Nothing was pushed yet.")
    await world.company.call(platform, "push_again", delivery=last)
    return {"delivery": last}


ACTS: dict[str, Act] = {
    "machine.agent": agent,
    "machine.slow": slow,
    "machine.status": status,
    "machine.remove": remove,
    "machine.file": write,
    "fault.add": add,
    "fault.clear": clear,
    "wire.disconnect": disconnect,
    "wire.repeat": repeat,
}
