"""im/v1/files: files that the app uploads, to be sent as messages of the type ``file``.

https://open.feishu.cn/document/server-docs/im-v1/file/create: a form of ``file_type``,
``file_name`` and ``file``, at most 30 MB and not empty; 1000 calls a minute, 50 a second.
"""

from __future__ import annotations

import email.parser
import email.policy
import json
import secrets
from dataclasses import dataclass

from sandbox.lark import state
from sandbox.lark.gate import Refusal

MAX_BYTES = 30 * 1024 * 1024
TYPES = ("opus", "mp4", "pdf", "doc", "xls", "ppt", "stream")


@dataclass(frozen=True)
class Uploaded:
    name: str
    content: bytes


def form(content_type: str, raw: bytes) -> dict[str, bytes]:
    """The fields of a multipart body."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    parsed = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + raw)
    found: dict[str, bytes] = {}
    for part in parsed.iter_parts() if parsed.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            found[name] = content
    return found


class Files:
    def __init__(self) -> None:
        self._kept: dict[str, Uploaded] = {}

    def upload(self, fields: dict[str, bytes]) -> str:
        """Keep a file; its key."""
        kind = fields.get("file_type", b"").decode("utf-8", "replace")
        name = fields.get("file_name", b"").decode("utf-8", "replace")
        content = fields.get("file")
        if kind not in TYPES or not name or content is None:
            raise Refusal(234001, "Invalid request param.")
        if not content:
            raise Refusal(234010, "File's size can't be 0.")
        if len(content) > MAX_BYTES:
            raise Refusal(234006, "The file size exceed the max value.")
        key = f"file_v3_{secrets.token_hex(16)}"
        self._kept[key] = Uploaded(name, content)
        return key

    def shown(self, source: str) -> state.Shown:
        """What people see who open the file of a message with this ``content``."""
        found = self.sent(source)
        return state.Shown(f"[file {found.name}]\n{found.content.decode('utf-8', 'replace')}")

    def sent(self, source: str) -> Uploaded:
        """The file of a message with this ``content``. Raises Refusal: it was never uploaded."""
        try:
            body = json.loads(source)
        except ValueError:
            body = None
        key = body.get("file_key") if isinstance(body, dict) and set(body) == {"file_key"} else None
        found = self._kept.get(key) if isinstance(key, str) else None
        if found is None:
            raise Refusal(230001, "Your request contains an invalid request parameter, file_key")
        return found
