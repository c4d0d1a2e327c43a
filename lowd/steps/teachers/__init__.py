"""Kinds of teacher, a module each, with two functions.

`make(settings, seed, folder, scratch)` leaves a teacher in a folder, `load(folder, device)` reads
it back. Modules are found by the name of the kind, so that a step's code digest can hold the kind
in use and no other: an exact teacher does not depend on the trainer.
"""
