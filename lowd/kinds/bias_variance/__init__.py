"""Squared bias and variance of students, over training sets and over seeds."""
