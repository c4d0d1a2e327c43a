"""A grid of students trained without lowd: `python benchmarks/elsewhere.py inputs`, in minutes.

Pipelines of the `diffusers` library, small U-Nets that learn to predict noise from N samples of a
smooth Gaussian field of 8×8 pixels, as anyone would train them. docs/own-networks.md imports them.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from diffusers import DDPMPipeline, DDPMScheduler, UNet2DModel
from torch.nn import functional

SIZES = {"small": 8, "large": 16}
SAMPLES = (4, 16, 64, 256)
REPLICATES = 2
BATCH = 32


def field(count: int, seed: int) -> torch.Tensor:
    """Samples of mean 0 whose covariance is ¼ exp(−d²/8) at distance d."""
    pixels = torch.arange(8.0)
    kernel = torch.exp(-((pixels[:, None] - pixels) ** 2) / 8) + 1e-3 * torch.eye(8)
    root = torch.linalg.cholesky(kernel)
    noise = torch.randn(count, 1, 8, 8, generator=torch.Generator().manual_seed(seed))
    return root @ noise @ root.T / 2


def train(points: torch.Tensor, width: int, steps: int, seed: int) -> DDPMPipeline:
    torch.manual_seed(seed)
    unet = UNet2DModel(
        sample_size=8,
        in_channels=1,
        out_channels=1,
        block_out_channels=(width, 2 * width),
        down_block_types=("DownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "UpBlock2D"),
        layers_per_block=1,
        norm_num_groups=4,
        add_attention=False,
    )
    scheduler = DDPMScheduler(num_train_timesteps=1000)
    optimizer = torch.optim.AdamW(unet.parameters(), lr=4e-3)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, steps)
    for _ in range(steps):
        clean = points[torch.randint(len(points), (BATCH,))]
        noise = torch.randn_like(clean)
        times = torch.randint(1000, (BATCH,))
        noisy = scheduler.add_noise(clean, noise, times)
        loss = functional.mse_loss(unet(noisy, times, return_dict=False)[0], noise)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(unet.parameters(), 1.0)
        optimizer.step()
        rate.step()
    return DDPMPipeline(unet, scheduler)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--samples", type=int, nargs="+", default=SAMPLES)
    arguments = parser.parse_args()
    sets = arguments.folder / "sets"
    sets.mkdir(parents=True, exist_ok=True)
    for replicate in range(REPLICATES):
        points = field(max(arguments.samples), seed=replicate)
        np.save(sets / f"{replicate}.npy", points.numpy())
        for n in arguments.samples:
            for name, width in SIZES.items():
                pipeline = train(points[:n], width, arguments.steps, seed=replicate)
                pipeline.save_pretrained(arguments.folder / f"students/{name}-{n}-{replicate}")
                print(name, n, replicate, flush=True)


if __name__ == "__main__":
    main()
