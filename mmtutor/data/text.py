"""Text as numbers: its bytes."""

from collections.abc import Sequence

import torch
from torch import Tensor


def encode_text(texts: Sequence[str], length: int, *, truncate: bool = False) -> Tensor:
    """Turn strings into ids: UTF-8 bytes + 1, padded with 0.

    Args:
        texts: the strings.
        length: ids for each string.
        truncate: cut longer strings off, after a whole character.

    Returns:
        int64 `(len(texts), length)`, each id from 0 to 256.

    Raises:
        TypeError: `texts` is one string, or one of them is none.
        ValueError: a string has more than `length` bytes.
    """
    if isinstance(texts, str):
        raise TypeError(f"encode_text takes several strings, like [{texts!r}]; got {texts!r}")
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(
                f"texts must be strings, but texts[{number}] is {text!r}; '' is no text"
            )
    encoded = [text.encode() for text in texts]
    if truncate:
        encoded = [codes[:length].decode(errors="ignore").encode() for codes in encoded]
    longest = max(map(len, encoded), default=0)
    ids = torch.zeros(len(encoded), length, dtype=torch.int64)
    for number, codes in enumerate(encoded):
        if len(codes) > length:
            start = encoded[number].decode()[:60]
            raise ValueError(
                f"texts[{number}]: {start!r} has {len(codes)} bytes in UTF-8, more than "
                f"length={length}; choose a length of at least {longest}, or truncate=True"
            )
        ids[number, : len(codes)] = torch.tensor(list(codes), dtype=torch.int64) + 1
    return ids


def decode_text(ids: Tensor) -> list[str]:
    """Turn ids back into strings; the inverse of `encode_text`.

    Args:
        ids: `(batch, length)`, UTF-8 bytes + 1; 0 is padding and is left out.

    Returns:
        One string for each row. Bytes that are not UTF-8 become U+FFFD.

    Raises:
        ValueError: `ids` has no batch axis, or an id outside 0 to 256.
    """
    if ids.ndim != 2:
        raise ValueError(f"ids must have the shape (batch, length), got {tuple(ids.shape)}")
    if ids.numel() and (ids.min() < 0 or ids.max() > 256):
        raise ValueError(f"ids run from 0 to 256; got {int(ids.min())} to {int(ids.max())}")
    return [
        bytes(code - 1 for code in row if code > 0).decode(errors="replace") for row in ids.tolist()
    ]
