"""Bias and variance of several follow-ups."""
