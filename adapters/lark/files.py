"""A text as a file: uploaded first, then sent as a message of its own.

https://open.feishu.cn/document/server-docs/im-v1/file/create: at most 30 MB, and not empty.
"""

from __future__ import annotations

from adapters.lark import api
from bot import model

SCOPE = "im:resource"


async def upload(calls: api.Api, file: model.File) -> api.Answer:
    """Upload a text. ``data`` of the answer holds its "file_key"; uploading it again makes another
    file, which nobody sees until it is sent."""
    content = file.text.encode() or b"\n"
    fields = {"file_type": "stream", "file_name": file.name}
    return await calls.upload("im/v1/files", fields, content)


def key_of(answer: api.Answer) -> str:
    """The file's key; "" if it was not taken."""
    key = answer.data.get("file_key") if answer.code == 0 else None
    return key if isinstance(key, str) else ""
