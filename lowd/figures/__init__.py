"""What all figures share; a kind of study has its own beside it.

One visual language: colour is |θ|, the horizontal axis N by octaves, a band two standard errors.
"""
