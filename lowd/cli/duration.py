"""Times as people read them."""


def duration(seconds: float) -> str:
    """A time in the unit that it has one or two digits in."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"
