"""Networks of the user's own, side by side through `vmap` and one after another.

`python benchmarks/custom.py` prints for MLPs and U-Nets of two sizes the time of a step's gradient
by each, and by how much they differ, in a minute. docs/own-networks.md quotes it.
"""

import sys
import time
from statistics import median

import torch
from torch import Tensor, nn
from torch.nn import functional

from lowd.models.admission import admit
from lowd.models.build import build, initialise
from lowd.models.custom_settings import CustomSettings
from lowd.streams import stream

BATCH, RUNS = 64, 9


class MLP(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        hidden = nn.Linear(17, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU()
        self.layers = nn.Sequential(*hidden, nn.Linear(width, 16))

    def forward(self, x: Tensor, c_noise: Tensor) -> Tensor:
        return self.layers(torch.cat([x, c_noise[:, None]], 1))


class UNet(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(2, width, 3, padding=1)
        self.norm = nn.GroupNorm(4, width)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.down = nn.Conv2d(width, 2 * width, 3, 2, 1)
        self.up = nn.Conv2d(3 * width, width, 3, padding=1)
        self.out = nn.Conv2d(width, 1, 3, padding=1)

    def forward(self, x: Tensor, c_noise: Tensor) -> Tensor:
        level = c_noise[:, None, None, None].expand_as(x)
        fine = functional.silu(self.first(torch.cat([x, level], 1)))
        fine = functional.silu(self.second(self.norm(fine)))
        coarse = functional.silu(self.down(fine))
        both = torch.cat([fine, functional.interpolate(coarse, scale_factor=2)], 1)
        return self.out(functional.silu(self.up(both)))


def gradient(stack: nn.Module, x: Tensor, c_noise: Tensor) -> tuple[float, list[Tensor]]:
    """Seconds of a loss with its gradient, and the gradient."""
    times = []
    for _ in range(RUNS):
        stack.zero_grad()
        start = time.process_time()
        stack(x, c_noise).square().flatten(2).mean((1, 2)).sum().backward()
        times.append(time.process_time() - start)
    return median(times[1:]), [p.grad.clone() for p in stack.parameters()]


def main() -> None:
    torch.set_num_threads(1)
    sys.modules["custom"] = sys.modules["__main__"]
    print("network width students loop/ms vmap/ms loop/vmap difference")
    for name, shape, widths in (("MLP", (16,), (32, 128)), ("UNet", (1, 8, 8), (8, 32))):
        for width in widths:
            settings = CustomSettings(
                architecture="custom", entry=f"custom:{name}", options={"width": width}
            )
            admit([settings])
            for students in (4, 16):
                stack = build(settings, students, shape)
                initialise(stack, [stream(s) for s in range(students)])
                x, levels = torch.randn(students, BATCH, *shape), torch.randn(students, BATCH)
                took, gradients = {}, {}
                for way in (False, True):
                    stack.own[0].__dict__["is_stackable"] = way
                    took[way], gradients[way] = gradient(stack, x, levels)
                differ = max(
                    ((a - b).abs().max() / a.abs().max()).item()
                    for a, b in zip(*gradients.values(), strict=True)
                )
                print(
                    f"{name} {width} {students} {1e3 * took[False]:.1f} {1e3 * took[True]:.1f} "
                    f"{took[False] / took[True]:.2f} {differ:.0e}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
