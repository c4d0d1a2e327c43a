"""Kinds of study, a folder each: settings, jobs, the steps that are its own, and its figures.

- `settings.py` has a class that declares its word, as `kind` or `figure`, and in `plots` its
  figures with the scores behind each, which audits compare.
- `jobs.py` has `jobs(name, settings, every)`, which yields what has to be run.
- `figures/` has a module for each figure, with `draw(results)` and `caption(results)`.

A folder is all that there is to a kind. None imports another, but where pyproject.toml says why.
"""
