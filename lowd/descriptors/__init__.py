"""Descriptors that are networks: what they are, how one is trained, and how well it finds copies.

A module for each kind, found by its name, has a function `load(settings, weights, device)` that
gives the network as a map from images (M, channel, height, width) in [-1, 1] to features (M, F).
"""
