"""Where to compute."""

import torch


def pick_device() -> torch.device:
    """The GPU if there is one, else the CPU; single precision means that on both.

    Convolutions on a GPU would else round to TF32, and take the kernel that was fastest today.
    """
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.deterministic = True
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
