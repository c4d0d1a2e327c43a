"""The transition of students that were trained elsewhere, from their checkpoints."""
