"""What all captions and figures keep to."""

import re

from matplotlib.figure import Figure
from matplotlib.text import Text

FIRST, WORDS, POINTS = 30, 130, 6.5


def keeps_to_the_standard(caption: str) -> None:
    """A sentence on what is found, then what is shown; short, and with nothing internal in it."""
    first, _, rest = caption.partition("\n")
    assert first.endswith(".") and rest.endswith("."), caption
    assert len(first.split()) <= FIRST, (len(first.split()), first)
    assert len(caption.split()) <= WORDS, (len(caption.split()), caption)
    assert not re.search(r'[{}"]|log2|log₂|nan\b|rp_disjoint|  ', caption), caption


def is_legible(figure: Figure) -> None:
    """No text is smaller than a printed column allows, and none says what only code does."""
    for text in figure.findobj(Text):
        if text.get_text().strip() and text.get_visible():
            assert text.get_fontsize() >= POINTS, (text.get_text(), text.get_fontsize())
            assert "log_2" not in text.get_text(), text.get_text()
