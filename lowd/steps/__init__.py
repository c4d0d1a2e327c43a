"""The steps of a study: each one command, one rule, one function from files to a file.

A step's settings model stands beside it. Modules here stay free of torch until a step runs, since
the workflow reads their settings while it plans.
"""
