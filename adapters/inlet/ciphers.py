"""AES as the chat platforms' callbacks use it: CBC, with the padding of PKCS #7."""

from __future__ import annotations

import base64
import binascii

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 16


class Undecipherable(Exception):
    """It was not encrypted with this key, or is no cipher text at all."""


def decoded(text: object) -> bytes:
    """The bytes of a cipher text in base64. Raises Undecipherable."""
    if not isinstance(text, str):
        raise Undecipherable
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Undecipherable from None


def decrypt(key: bytes, vector: bytes, secret: bytes, padding: int) -> bytes:
    """The plain bytes; ``padding`` is the most bytes that were added. Raises Undecipherable."""
    if not secret or len(secret) % BLOCK:
        raise Undecipherable
    engine = Cipher(algorithms.AES(key), modes.CBC(vector)).decryptor()
    plain = engine.update(secret) + engine.finalize()
    count = plain[-1]
    if not 1 <= count <= min(padding, len(plain)) or plain[-count:] != bytes([count]) * count:
        raise Undecipherable
    return plain[:-count]


def encrypt(key: bytes, vector: bytes, plain: bytes, padding: int) -> bytes:
    """Cipher bytes; the plain ones are filled up to a multiple of ``padding``."""
    count = padding - len(plain) % padding
    engine = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
    return engine.update(plain + bytes([count]) * count) + engine.finalize()
