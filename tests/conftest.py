"""Shared by the tests of models and of training: every architecture, as small as it gets."""

import pytest
from cluster import cluster_head_start, on_cluster  # noqa: F401
from repositories import along, background, head_start, killed, maps, pictures, tiny  # noqa: F401

from lowd.models.settings import DiTSettings, MLPSettings, UNetSettings

SMALLEST = {
    "mlp": (MLPSettings(architecture="mlp", width=5), (3,)),
    "unet": (UNetSettings(architecture="unet", width=8), (2, 4, 4)),
    "dit": (DiTSettings(architecture="dit", width=4, depth=1), (1, 4, 4)),
}


@pytest.fixture(params=SMALLEST)
def smallest(request):
    """Settings of an architecture, and the shape of the samples it takes."""
    return SMALLEST[request.param]
