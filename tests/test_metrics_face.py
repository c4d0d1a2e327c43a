"""The room's public face."""

import subprocess
import sys

import lowd.metrics


def run(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_public_name_is_a_function_or_class():
    assert all(callable(getattr(lowd.metrics, name)) for name in lowd.metrics.__all__)


def test_a_function_is_found_though_its_module_of_the_same_name_came_first():
    run(
        "from lowd.metrics import reproducibility_chance\n"
        "from lowd.metrics.bias_variance import BiasVariance\n"
        "import lowd.metrics\n"
        "assert callable(lowd.metrics.reproducibility) and callable(lowd.metrics.bias_variance)"
    )


def test_crossings_and_slopes_need_no_torch():
    run("import lowd.metrics.transition, sys; assert 'torch' not in sys.modules")
