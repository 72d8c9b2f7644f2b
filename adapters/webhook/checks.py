"""What the doctor looks at of custom robots: their addresses and keys, without sending anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from adapters.webhook import address, advice
from adapters.webhook.settings import Robot, Settings
from bot.model import checks, manifests

MOST_KEYWORDS = 10
MENDS: Mapping[str, checks.Pair] = {
    "dingtalk": advice.DINGTALK_MEND,
    "lark": advice.LARK_MEND,
    "plain": advice.PLAIN_MEND,
}


def checkup(settings: Settings, deps: manifests.CheckDeps) -> checks.Checkup:
    """The checks of each robot, and the hosts that messages may go to. Where nobody has a robot,
    a host that can't be reached is none of the bot's needs."""
    hosts = [host if "://" in host else f"https://{host}" for host in settings.hosts]
    addresses = [
        checks.Address(host, settings.ca_file, public=True, needed=False) for host in hosts
    ]
    for robot in settings.robot:
        parts = urlsplit(robot.url)
        if parts.hostname:
            origin = f"{parts.scheme}://{parts.netloc}"
            addresses.append(checks.Address(origin, settings.ca_file))
    looks = (checks.Check(f"robot.{robot.name}", look(settings, robot)) for robot in settings.robot)
    return checks.Checkup(tuple(looks), tuple(addresses), title=advice.TITLE)


def look(settings: Settings, robot: Robot) -> checks.Run:
    """Has the configuration of a robot the right shape?"""

    async def run() -> Sequence[checks.Finding]:
        return (finding(settings, robot),)

    return run


def finding(settings: Settings, robot: Robot) -> checks.Finding:
    id_ = f"robot.{robot.name}"
    facts: dict[str, object] = {"robot": robot.name, "keywords": list(robot.keywords)}
    try:
        target = address.Book(replace(settings, robot=(robot,))).target(f"robot:{robot.name}")
    except address.BadAddress as error:
        return checks.problem(id_, advice.BAD, advice.BAD_MEND, reason=str(error), **facts)
    if target.kind == "dingtalk" and robot.secret and not robot.secret.startswith("SEC"):
        return checks.problem(id_, advice.SECRET, advice.SECRET_MEND, **facts)
    count = len(robot.keywords)
    if target.kind != "plain" and count > MOST_KEYWORDS:
        return checks.problem(id_, advice.KEYWORDS, advice.KEYWORDS_MEND, count=count, **facts)
    sentence = advice.SIGNS if robot.secret else advice.WORDS if robot.keywords else advice.OPEN
    return checks.manual(id_, sentence, MENDS[target.kind], **facts)
