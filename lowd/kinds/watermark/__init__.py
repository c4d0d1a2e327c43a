"""Watermarks that a diffusion model carries, beside one that is added to the pixels."""
