"""What a result came from."""
