"""A variational autoencoder."""

from lowd.diffusion.denoiser import Sigma, broadcast_sigma
from lowd.models.autoencoder import Autoencoder
from lowd.models.settings import ModelSettings
from lowd.training.objectives.base import Batch, Objective, PerExample
from lowd.training.settings import VariationalSettings


class Variational(Objective):
    """Evidence lower bound of a Gaussian decoder (Kingma & Welling 2014, arXiv:1312.6114)."""

    def __init__(self, settings: VariationalSettings, networks: Autoencoder) -> None:
        self.variance = settings.decoder_std**2
        self.networks = networks

    def denoise(self, x: Batch, sigma: Sigma) -> Batch:
        """The decoder's mean for the latent x/σ."""
        return self.networks.decode(x / broadcast_sigma(sigma, x))

    def loss(self, clean: Batch, noise: Batch, sigma: PerExample, progress: float) -> PerExample:
        """The negative bound, without its constants, per number of an example."""
        mean, log_variance = self.networks.encode(clean)
        made = self.networks.decode(mean + (log_variance / 2).exp() * noise)
        squared = (made - clean).square() / self.variance
        divergence = mean.square() + log_variance.exp() - 1 - log_variance
        return (squared + divergence).flatten(2).mean(2) / 2


def assemble(model: ModelSettings, students: int, shape: tuple[int, ...]) -> Autoencoder:
    """Encoder and decoder."""
    return Autoencoder(model, students, shape)


def objective(
    settings: VariationalSettings, networks: Autoencoder, sigma_data: float
) -> Variational:
    """The objective of these networks."""
    return Variational(settings, networks)
