"""Independent random streams, each with a name."""

import hashlib

import torch


def generator_for(*key: int | str) -> torch.Generator:
    """Return a CPU generator that depends on the whole key and on nothing else.

    Args:
        key: what the draws are for, like `0, "train", "audio"`. Two keys that differ as text,
            joined by "/", give unrelated streams, so that what one purpose draws never shifts
            another's. So 1 and "1" are the same, and so are `"a/b"` and `"a", "b"`.
    """
    digest = hashlib.sha256("/".join(str(part) for part in key).encode()).digest()
    # torch's CPU generator uses the lowest 32 bits of a seed.
    return torch.Generator().manual_seed(int.from_bytes(digest[:4], "big"))
