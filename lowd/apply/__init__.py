"""Geometry of a denoiser applied to a user's own images, without a study."""
