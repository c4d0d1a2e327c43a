"""Classifier-free guidance, of networks and in closed form."""
