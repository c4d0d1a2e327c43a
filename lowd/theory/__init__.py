"""When training a denoiser of low rank is PCA or subspace clustering, and what it recovers."""
