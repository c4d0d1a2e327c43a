"""The laws, one module each, found by its name: `root_parameters` is `root-parameters`."""
