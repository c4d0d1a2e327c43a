"""Sentences of pages, with the numbers that results give."""
