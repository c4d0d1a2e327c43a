"""Samples that lowd did not make, scored and shown without a workflow."""
