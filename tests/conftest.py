"""What all tests run under; and every architecture, as small as it gets."""

import os
import shutil

import pytest
from cluster import cluster_head_start, on_cluster  # noqa: F401
from hypothesis import HealthCheck, settings
from repositories import along, background, head_start, killed, maps, pictures, tiny  # noqa: F401

from lowd.models.settings import DiTSettings, MLPSettings, UNetSettings

SMALLEST = {
    "mlp": (MLPSettings(architecture="mlp", width=5), (3,)),
    "unet": (UNetSettings(architecture="unet", width=8), (2, 4, 4)),
    "dit": (DiTSettings(architecture="dit", width=4, depth=1), (1, 4, 4)),
}

# How long an example takes is the machine's business, which may have more to do.
settings.register_profile("lowd", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("lowd")


def pytest_configure():
    """Keep from the tests what the user has set for runs and commits of their own."""
    os.environ.pop("LOWD_PROFILE", None)
    os.environ["GIT_CONFIG_GLOBAL"] = os.devnull


@pytest.fixture(params=SMALLEST)
def smallest(request):
    """Settings of an architecture, and the shape of the samples it takes."""
    return SMALLEST[request.param]


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture
def browser():
    """A headless Chromium without a network."""
    sync_api = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("no chromium here")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_context(offline=True, viewport={"width": 1200, "height": 900})
        browser.close()
