"""Named random streams: every draw in lowd can be told by the name it was drawn under."""

import hashlib

import torch


def stream_seed(*names: str | int) -> int:
    """The seed of a stream, from the SHA-256 of its name; equal names give equal draws.

    63 bits, of which torch's CPU generator uses the lower 32.
    """
    digest = hashlib.sha256("/".join(map(str, names)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def stream(*names: str | int) -> torch.Generator:
    """A CPU generator at the start of the named stream.

    Always on the CPU: a CUDA generator gives other numbers from the same seed.
    """
    return torch.Generator().manual_seed(stream_seed(*names))
