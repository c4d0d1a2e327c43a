"""The shape of data: how many dimensions they have, and which directions a denoiser keeps."""
