"""What can be read from a denoiser's features at each noise level."""
