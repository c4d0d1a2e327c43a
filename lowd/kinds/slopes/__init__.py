"""How the transitions of several studies scale with |θ|."""
