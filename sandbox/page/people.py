"""The people of the example company as the page introduces them, with their roles."""

from __future__ import annotations

import tomllib

from sandbox import world
from sandbox.page.board import Board
from sandbox.process import ROOT

ABOUT = {
    "alice": (
        "开发：可以申请重启、开通账号和模板",
        "a developer: asks for restarts, accounts, runbooks",
    ),
    "bob": ("运维：审批，什么都可以申请", "an SRE: approves, and may ask for anything"),
    "carol": ("运维：审批，什么都可以申请", "an SRE: approves, and may ask for anything"),
    "dave": ("同事，没有任何角色：只能提问", "a colleague without a role: may ask questions only"),
    "mallory": (
        "群里的陌生人：机器人不认识",
        "a stranger in the group: the bot does not know them",
    ),
    "guest": ("外公司的人，也在群里", "somebody of another company, in the groups too"),
}


def show(board: Board) -> None:
    """Everybody, with the roles of ``bot.toml``."""
    listed = tomllib.loads((ROOT / "bot.toml").read_text("utf-8"))["person"]
    roles = {one["id"]: one["roles"] for one in listed}
    for person in world.EVERYBODY:
        chinese, english = ABOUT[person.id]
        board.put(
            "people",
            person.id,
            {
                "id": person.id,
                "name": person.name,
                "roles": roles.get(person.id, []),
                "about": {"zh-CN": chinese, "en": english},
                "in_groups": True,
            },
        )
