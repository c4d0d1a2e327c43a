"""Model collapse: students of students, generation after generation."""
