"""Markers of memorisation: what samples and forward passes say of it, of every student."""
