"""Transitions beside the intrinsic dimension of the data."""
