"""What studies cost before they run: FLOPs, seconds, memory and disk."""
