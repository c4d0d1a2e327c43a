"""The JSON schema of what users write, and the page that is made from it."""
