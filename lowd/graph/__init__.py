"""The graph of jobs: what Snakemake schedules, and what commands ask about."""
