"""lowd: measure how diffusion models memorise and generalise."""
