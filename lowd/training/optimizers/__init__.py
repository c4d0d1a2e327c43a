"""Optimisers besides Adam, one module each, found by their `kind`."""
