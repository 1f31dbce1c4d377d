"""One step of 3D-VAE-GAN: D on real shapes against those of the prior, then the encoder, then G by both its losses.

E learns from its divergence and from the reconstruction alone; no adversarial gradient reaches it, and D is never shown
what G makes of a picture.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from shapespace.nets.encoder import ImageEncoder, reparameterised
from shapespace.nets.generator import Generator
from shapespace.nets.norm import gathered
from shapespace.nets.prior import sample_prior
from shapespace.nets.shape_encoder import ShapeEncoder
from shapespace.settings import Settings
from shapespace.tensors import Images, Latent, Occupancy, Scalar
from shapespace.train import variational
from shapespace.train.draws import generator_for
from shapespace.train.gan import Gan, Stats
from shapespace.train.optimisers import adam_for, rate_at, set_rate


class VaeGan:
    """A 3D-GAN with an image encoder, their optimisers, and what one step does with them.

    Source: Wu et al. 2016, section 3.2 and its algorithm: (1) D on x against G(z), z of the prior; (2) E by KL and
    reconstruction; (3) G by the adversarial loss and the reconstruction.
    """

    def __init__(
        self,
        gan: Gan,
        encoder: ImageEncoder | ShapeEncoder,
        settings: Settings,
        teacher: ShapeEncoder | None = None,
    ) -> None:
        """Take networks that lie on their device already.

        Args:
            gan: G, D and what they learn from each other.
            encoder: Pictures, or shapes, to means and log-variances.
            settings: Of the whole run.
            teacher: What E learns from instead of by G; None as in the paper.
        """
        self.gan, self.encoder, self.teacher = gan, encoder.train(), teacher
        self.settings, self.vae = settings, settings.vae
        self.divergence = variational.KL[self.vae.kl]
        self.reconstruction = variational.RECONSTRUCTION[self.vae.reconstruction]
        momenta = replace(settings.train, beta1=self.vae.encoder_beta1)  # E plays no game: it may keep its momentum
        self.encoder_adam = adam_for(encoder, self.vae.encoder_rate, momenta)
        self.warmth = 1.0

    @property
    def generator(self) -> nn.Module:
        """G, the decoder of both the prior and the encoder."""
        return self.gan.generator

    @property
    def discriminator(self) -> nn.Module:
        """D."""
        return self.gan.discriminator

    @property
    def device(self) -> torch.device:
        """Where the networks are."""
        return self.gan.device

    @property
    def networks(self) -> dict[str, nn.Module]:
        """Every network by the name its tensors are saved under."""
        return self.gan.networks | {"encoder": self.encoder}

    @property
    def adams(self) -> dict[str, torch.optim.Adam]:
        """Every optimiser by the name its tensors are saved under."""
        return self.gan.adams | {"encoder_adam": self.encoder_adam}

    def set_progress(self, fraction: float) -> None:
        """Set all learning rates, and the weight of the divergence, for a run of which `fraction` is done."""
        self.gan.set_progress(fraction)
        set_rate(self.encoder_adam, rate_at(self.vae.encoder_rate, fraction, self.settings.train))
        self.warmth = min(1.0, fraction / self.vae.kl_warm_up) if self.vae.kl_warm_up else 1.0

    def step(self, real: Occupancy, images: Images | None = None, *, step: int, count: int, is_open: bool) -> Stats:
        """Learn from one batch and return its numbers, still on the device.

        Args:
            real: This rank's shapes of the batch, (batch, 1, x, y, z).
            images: A picture of each, (batch, 3, 256, 256) in [-1, 1]; None where E reads the shapes themselves.
            step: Of the run; with the seed it decides all draws.
            count: Shapes in the whole batch, over all ranks.
            is_open: Whether the discriminator is updated.

        Returns:
            The numbers of `Gan.step`, and `loss_kl`, in nats a picture, and `loss_reconstruction`; with a teacher
            `loss_taught`, nats a picture from what it says.

        Raises:
            TrainingDiverged: A loss or gradient is not finite; the weights it would have spoilt are untouched.
        """

        read = real if images is None else images

        def learn() -> Stats:
            if self.teacher:
                return self._ask(self.teacher, real, read)
            return self._reconstruct(real, read, self._standard(step, count))

        return self.gan.step(real, step=step, count=count, is_open=is_open, also=learn)

    def _ask(self, teacher: ShapeEncoder, real: Occupancy, read: Images | Occupancy) -> Stats:
        """Teach E to say of a picture what the teacher says of its shape."""
        with torch.no_grad(), self.gan.precision():
            wanted, log_spread = teacher(real)
        mean, log_variance = self._encoded(read)
        nats = variational.divergences_from((wanted.float(), log_spread.float()), mean, log_variance)
        self._teach_encoder(self.vae.kl_weight * variational.kl_sum(nats), torch.zeros((), device=self.device))
        to_prior = variational.divergences(mean.detach(), log_variance.detach())
        return {"loss_kl": variational.kl_sum(to_prior), "loss_taught": variational.kl_sum(nats.detach())}

    def _reconstruct(self, real: Occupancy, read: Images | Occupancy, standard: Latent) -> Stats:
        """Teach E, and add the reconstruction's gradient to G's.

        In the paper's form E learns first, and G then from what the new E says. With `train.one_pass` both learn from
        one pass, each as the other was before the step. At rates of 0 E learns alone, in a third of the time.
        """
        alone = self.gan.frozen
        together = self.settings.train.one_pass and not alone
        self.generator.requires_grad_(together)
        mean, log_variance = self._encoded(read)
        loss = self._distance(reparameterised(mean, log_variance, standard), real)
        nats = variational.divergences(mean, log_variance)
        free = variational.with_free_bits(nats, self.vae.free_bits)
        self._teach_encoder(self.vae.kl_weight * self.warmth * self.divergence(free), loss)
        self.generator.requires_grad_(True)
        if not together and not alone:
            with torch.no_grad():
                z = reparameterised(*self._encoded(read), standard)
            (self.vae.reconstruction_weight * self.gan.share * self._distance(z, real)).backward()
        return {"loss_kl": variational.kl_sum(nats.detach()), "loss_reconstruction": loss.detach()}

    def _teach_encoder(self, divergence: Scalar, distance: Scalar) -> None:
        loss = divergence + self.vae.reconstruction_weight * distance
        self.encoder_adam.zero_grad(set_to_none=True)
        (loss * self.gan.share).backward()
        self.gan.check(self.encoder, loss.detach(), "the encoder")
        self.encoder_adam.step()

    def _encoded(self, read: Images | Occupancy) -> tuple[Latent, Latent]:
        with self.gan.precision():
            mean, log_variance = self.encoder(read)
        return mean.float(), log_variance.float()

    def _distance(self, z: Latent, real: Occupancy) -> Scalar:
        generator: Generator = self.generator  # pyrefly: ignore[bad-assignment]  (a Gan may be of any two; ours is)
        # The statistics are the prior's, which G is later used with: those of a batch of pictures are others, and a G
        # that was taught with them makes something else of the same z (`docs/results.md`).
        with self.gan.precision(), gathered(generator):
            logits = generator.logits(z)
        return self.reconstruction(*as_probabilities(logits.float(), real, generator.activation))

    def _standard(self, step: int, count: int) -> Tensor:
        rng = generator_for(self.settings.run.seed, step, "posterior")
        whole = sample_prior("normal", count, self.encoder.latent_dim, generator=rng)
        return self.gan.ranks.part(whole).to(self.device, non_blocking=True)


def as_probabilities(logits: Occupancy, real: Occupancy, activation: str) -> tuple[Occupancy, Occupancy]:
    """Return logits whose sigmoid is the occupancy, and real shapes in [0, 1], whatever G's activation.

    A tanh of l is 2 sigmoid(2 l) - 1.
    """
    return (2 * logits, (real + 1) / 2) if activation == "tanh" else (logits, real)
