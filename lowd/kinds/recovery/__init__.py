"""Memorisation, convergence and recovery of students of a Gaussian: m, q and Q against N/d."""
