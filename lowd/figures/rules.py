"""How figures show the rules by which a transition is found."""

from lowd.figures.style import BLUE, GREEN, VERMILION

RULES = {
    "e": ("$\\mathcal{E}_{gen}=\\mathcal{E}_{mem}$", BLUE, "o", -0.1),
    "gl": ("GL = ½ teacher's own", VERMILION, "s", 0.0),
    "rp": ("RP$_{disjoint}$ = ½", GREEN, "^", 0.1),
}
"""Of each rule its label, colour, marker, and offset along the horizontal axis, in octaves."""
