"""The regions of Alibaba Cloud, so that a slip of the pen is not looked for at another end.

Source: https://help.aliyun.com/zh/ecs/product-overview/regions-and-zones. New ones come, so
that one which is not here is no fault unless it looks like another, misspelt.
"""

from __future__ import annotations

import re

from rapidfuzz.distance import OSA

from bot.config.sight import Sight
from bot.source import paths

KNOWN = frozenset(
    {
        "cn-qingdao", "cn-beijing", "cn-zhangjiakou", "cn-huhehaote", "cn-wulanchabu",
        "cn-hangzhou", "cn-shanghai", "cn-nanjing", "cn-fuzhou", "cn-shenzhen", "cn-heyuan",
        "cn-guangzhou", "cn-chengdu", "cn-wuhan-lr", "cn-zhengzhou-jva", "cn-hongkong",
        "cn-hangzhou-finance", "cn-shanghai-finance-1", "cn-shenzhen-finance-1",
        "cn-beijing-finance-1", "cn-north-2-gov-1", "cn-heyuan-acdr-1",
        "ap-northeast-1", "ap-northeast-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3",
        "ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ap-south-1",
        "us-east-1", "us-west-1", "na-south-1", "eu-central-1", "eu-west-1", "me-east-1",
        "me-central-1",
    }
)  # fmt: skip
SLIPS = 2


def check_regions(sight: Sight) -> None:
    """Note regions that there are not."""
    file = sight.file
    found: list[tuple[paths.Path, str]] = [(("oos", "region"), file.oos.region)]
    if file.aliyun:
        found.append((("aliyun", "region"), file.aliyun.region))
    found += [(("command", name, "region"), one.region) for name, one in file.command.items()]
    found += [((*path, "region"), bus.region) for path, bus in sight.parts.entries("bus")]
    for path, name in found:
        if not name or name in KNOWN or sight.told(*path):
            continue
        near = misspelt(name.lower())
        if near:
            sight.notes.fault(path, f"there is no region {name}, did you mean {near}?")
        else:
            message = f"no region of the name {name} is known here; it is taken as it is"
            sight.notes.warn(path, message)


def misspelt(name: str) -> str:
    """The region that is meant where a name is nearly that of one; "" where it is not. Another
    number is another region and no slip."""
    if name in KNOWN:
        return name
    words = _words(name)
    near = min(KNOWN, key=lambda one: (OSA.distance(name, one), one))
    slips = OSA.distance(words, _words(near))
    return near if 0 < slips <= SLIPS and OSA.distance(name, near) <= SLIPS else ""


def _words(name: str) -> str:
    return re.sub(r"[0-9]+", "0", name)
