"""Its figures, one module each."""
