"""Keys of params.yaml that have another name now."""

RENAMED: dict[tuple[str | int, ...], str] = {
    ("compute", "stack"): "students_per_job",
    ("bias-variance", "at"): "reference",
    ("theory", "maps"): "recovery_maps",
}
"""By the mapping that a key stands in, or the kind of study, and the key: what it is called now."""
