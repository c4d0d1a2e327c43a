"""A teacher beside denoisers fitted to the same images."""
