"""Local linearity, steering and local edits of a teacher's images."""
