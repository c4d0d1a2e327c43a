"""The transition from memorising to generalising, over models, N and replicates."""
