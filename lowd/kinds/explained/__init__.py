"""Which closed form explains a student: theories beside trained networks, noise by noise."""
