"""Watermarks: keys, how they are written into images, attacks on them, and how they are found."""
