"""Ranks of the denoisers' Jacobians."""
