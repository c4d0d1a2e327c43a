"""Marks in a user's own images, by a pipeline of their own."""
