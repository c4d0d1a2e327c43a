"""How large a Jacobian is held whole."""

DENSE = 1024
"""Numbers of a sample, at most; larger ones are known by products."""
