"""Low-rank denoisers beside the theory of when they find the subspaces that points lie on."""
