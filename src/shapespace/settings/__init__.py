"""Every setting of a run: its meaning, unit, default and source; TOML in and out.

The defaults are the paper's. A run is `preset -> --config FILE.toml -> dotted options`, each over the one
before; `config.toml` in a run folder is itself a valid `--config`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from shapespace.errors import UsageError
from shapespace.settings.text import MAX_CONFIG_BYTES, different_settings, read_toml, to_toml, with_changes
from shapespace.settings.text import at_least as _at_least
from shapespace.settings.text import dashed as _dashed

__all__ = [
    "MAX_CONFIG_BYTES",
    "AugmentSettings",
    "NetSettings",
    "RunSettings",
    "Settings",
    "TrainSettings",
    "VaeSettings",
    "different_settings",
    "read_toml",
    "to_toml",
    "with_changes",
]

Prior = Literal["uniform", "normal"]
Projection = Literal["conv", "linear"]
Activation = Literal["sigmoid", "tanh"]
Norm = Literal["batch", "none", "spectral"]
Start = Literal["dcgan", "he"]
Symmetry = Literal["none", "mirror", "auto"]
Loss = Literal["bce", "hinge", "wgan", "relativistic"]
GeneratorLoss = Literal["non_saturating", "minimax"]
Recompute = Literal["auto", "always", "never"]
Watch = Literal["stop", "warn", "off"]
Reads = Literal["pictures", "shapes"]
Divergence = Literal["sum", "mean"]
Reconstruction = Literal["norm", "squares", "mean_square", "bce"]


@dataclass(frozen=True)
class NetSettings:
    """The networks of 3D-GAN. Source: paper, section 3.1 and its supplement."""

    latent_dim: int = 200
    """Numbers in a latent vector z."""
    prior: Prior = "uniform"
    """Distribution of z: uniform on [0, 1] (paper) or standard normal. Saved with the space."""
    generator_width: int = 64
    """Channels of G's last hidden layer (paper: 64); each layer before it has twice as many, up to eight times."""
    discriminator_width: int = 64
    """Channels of D's first layer (paper: 64); each layer after it has twice as many, up to eight times."""
    discriminator_base: int = 4
    """Side of the grid that D's last layer sees (paper: 4); 2 gives D one layer more: better features."""
    projection: Projection = "conv"
    """First layer of G and last of D: `conv` (paper) or the `linear` variant in circulation."""
    activation: Activation = "sigmoid"
    """Output of G: sigmoid (paper) or tanh."""
    discriminator_norm: Norm = "batch"
    """Normalisation in D: `batch` (paper), `none` (what trains best), `spectral`."""
    bias: bool = False
    """Whether the convolutions have a bias (paper: no). G's last one then starts at the data's mean occupancy."""
    start: Start = "dcgan"
    """First weights: `dcgan` N(0, 0.02), or `he`, which keeps signals their size in a D without norm."""
    start_from: str = ""
    """A trained space, by name or path, whose G and D, and their sizes, a run begins with; empty for fresh weights."""
    symmetry: Symmetry = "none"
    """Of what G makes: `none` (paper), `mirror` makes left and right equal, `auto` does so if the data's are."""
    minibatch_std: bool = False
    """Show D how much the shapes of a batch differ, as one more channel (Karras et al. 2018)."""

    def __post_init__(self) -> None:
        """Refuse what cannot be built."""
        _at_least("nets.latent-dim", self.latent_dim, 1)
        _at_least("nets.generator-width", self.generator_width, 1)
        _at_least("nets.discriminator-width", self.discriminator_width, 1)
        _at_least("nets.discriminator-base", self.discriminator_base, 1)


@dataclass(frozen=True)
class TrainSettings:
    """Losses, optimisers and the balance between the networks."""

    batch_size: int = 100
    """Shapes in a batch, over all ranks (paper: 100)."""
    shapes: int = 1_000_000
    """Length of the run: shapes seen from the data. The paper does not state it."""
    generator_rate: float = 0.0025
    """Adam's learning rate for G (paper); 0 leaves it as it is, where E alone shall learn."""
    discriminator_rate: float = 1e-5
    """Adam's learning rate for D (paper); 0 leaves D out where an encoder learns: G learns from what E reads alone."""
    final_rate: float = 1.0
    """Both rates fall to this fraction of themselves, by a cosine, over the run; 1 keeps them (paper)."""
    beta1: float = 0.5
    """Adam's first decay (paper)."""
    beta2: float = 0.999
    """Adam's second decay (not stated in the paper; the usual value)."""
    balance: float = 0.8
    """D is updated only if its accuracy in the last batch was not higher than this (paper); 1 always updates."""
    loss: Loss = "bce"
    """Adversarial loss: `bce` (paper), `hinge`, `wgan` or `relativistic` (Huang et al. 2024)."""
    generator_loss: GeneratorLoss = "non_saturating"
    """With `bce`: -log D(G(z)), or `minimax` log(1 - D(G(z))) as printed."""
    one_sided_smoothing: float = 0.0
    """With `bce`: real is labelled 1 minus this, in [0, 0.5)."""
    r1: float = 0.0
    """Weight gamma of the squared gradient of D at real shapes (Mescheder et al. 2018); 0 leaves it out."""
    r2: float = 0.0
    """The same at fake shapes."""
    gradient_penalty: float = 0.0
    """Weight lambda of WGAN-GP between real and fake (Gulrajani et al. 2017; 10 there)."""
    penalty_every: int = 1
    """Penalties are computed in every n-th step, n times as strong (Karras et al. 2020)."""
    contrast: float = 0.0
    """Weight of D's second task, to know each real shape again under distortion: better features (Chen et al. 2020)."""
    one_draw: bool = False
    """G's step reuses the latents and fakes of D's step: faster; the paper's form draws twice."""
    one_pass: bool = False
    """Both networks learn at once from one pass of D: a quarter faster again; D must be without batch statistics."""
    recompute: Recompute = "auto"
    """Make fakes twice rather than keep G's layers while D judges: the same numbers, less memory; auto: if large."""
    whole: float = 0.0
    """Weight of what joins G's shapes' loose parts; nothing does where a tenth of the data is in pieces itself."""
    whole_from: float = 0.0
    """Part of the run from which `whole` counts: before shapes are rightly made, joining them spoils them."""
    ema_half_life: float = 0.0
    """Half-life, in shapes seen, of the average of G's weights that is sampled from; 0: no average (paper)."""

    def __post_init__(self) -> None:
        """Refuse what cannot be trained."""
        _at_least("train.batch-size", self.batch_size, 2)
        _at_least("train.shapes", self.shapes, 1)
        _at_least("train.penalty-every", self.penalty_every, 1)
        for name in ("generator_rate", "discriminator_rate"):
            if not 0 <= getattr(self, name) < 1:
                raise UsageError(f"train.{_dashed(name)} is {getattr(self, name)}; it must lie between 0 and 1")
        for name in ("beta1", "beta2", "final_rate", "balance", "whole_from"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"train.{_dashed(name)} is {getattr(self, name)}; it must lie in [0, 1]")
        if not 0 <= self.one_sided_smoothing < 0.5:
            raise UsageError("train.one-sided-smoothing must lie in [0, 0.5); outside it the loss has no minimum")
        for name in ("r1", "r2", "gradient_penalty", "contrast", "whole", "ema_half_life"):
            _at_least(f"train.{_dashed(name)}", getattr(self, name), 0)


@dataclass(frozen=True)
class AugmentSettings:
    """What D sees instead of the plain grids; G is never told (Zhao et al. 2020)."""

    mirror: bool = False
    """Mirror left and right, in half of the shapes."""
    shift: int = 0
    """Move by up to this many voxels along each axis."""
    cutout: float = 0.0
    """Side of a block that is emptied, as a fraction of the grid; 0 for none."""
    soften: float = 0.0
    """Standard deviation, in voxels, of a blur of real grids, so that hard voxels do not give them away; 0 for none."""
    soften_fake: bool = False
    """Blur the fake grids alike: then G learns hard grids; else it learns blurred ones."""
    halo: float = 0.0
    """Standard deviation, in voxels, of a halo about what is full in real grids: as soft, and thin parts stay full."""

    def __post_init__(self) -> None:
        """Refuse what would hide the shape."""
        _at_least("augment.shift", self.shift, 0)
        _at_least("augment.soften", self.soften, 0)
        _at_least("augment.halo", self.halo, 0)
        if not 0 <= self.cutout <= 0.5:
            raise UsageError(f"augment.cutout is {self.cutout}; it must lie in [0, 0.5]")


@dataclass(frozen=True)
class VaeSettings:
    """3D-VAE-GAN: an image encoder E beside G and D, and its two losses. Source: paper, section 3.2."""

    reads: Reads = "pictures"
    """What E reads: `pictures` (paper), or the `shapes` themselves, which lays them out for a later E of pictures."""
    taught: bool = False
    """E learns what the encoder of shapes says of the run that `nets.start_from` names; G and D stay as they are."""
    encoder_width: int = 0
    """Channels of E's first layer (paper: 64), each of the next three has twice as many; 0: no encoder, a 3D-GAN."""
    encoder_rate: float = 0.0025
    """Adam's learning rate for E (not stated in the paper; G's)."""
    encoder_beta1: float = 0.5
    """Adam's first momentum for E (paper: 0.5)."""
    kl_weight: float = 5.0
    """alpha1, the weight of the divergence from the prior in E's loss (paper: 5)."""
    kl: Divergence = "sum"
    """The divergence in nats, averaged over pictures: the `sum` over dimensions (paper), or their `mean`."""
    kl_warm_up: float = 0.0
    """The weight of the divergence grows from 0 over this fraction of the run; 0: it is there from the start."""
    free_bits: float = 0.0
    """Nats by which each dimension may leave the prior at no cost (Kingma et al. 2016)."""
    reconstruction: Reconstruction = "norm"
    """`norm` ||G(E(y)) - x|| (paper), its `squares`, their mean over voxels `mean_square`, or `bce`, -log p in nats."""
    reconstruction_weight: float = 1e-4
    """alpha2, the weight of the reconstruction in the losses of E and G (paper: 1e-4)."""
    views: str = ""
    """A folder of views that `shapespace data render` made of the store; empty draws them while training."""
    backgrounds: str = ""
    """A folder or zip of photographs that stand behind the shapes; empty for rooms made by the program."""

    def __post_init__(self) -> None:
        """Refuse what cannot be trained."""
        for name in ("encoder_width", "kl_weight", "free_bits", "reconstruction_weight"):
            _at_least(f"vae.{_dashed(name)}", getattr(self, name), 0)
        if not 0 < self.encoder_rate < 1:
            raise UsageError(f"vae.encoder-rate is {self.encoder_rate}; it must lie between 0 and 1")
        if not 0 <= self.encoder_beta1 < 1:
            raise UsageError(f"vae.encoder-beta1 is {self.encoder_beta1}; it must lie in [0, 1)")
        if not 0 <= self.kl_warm_up <= 1:
            raise UsageError(f"vae.kl-warm-up is {self.kl_warm_up}; it must lie in [0, 1]")


@dataclass(frozen=True)
class RunSettings:
    """Where and how a run goes; none of these changes what is learned, but for the seed."""

    seed: int = 0
    """Everything random follows from it: weights, order of the data, latents, augmentation."""
    category: str = ""
    """Train on one category of the store; empty for all."""
    device: str = "auto"
    """`auto` (CUDA where there is one), `cpu`, `cuda`, `cuda:1`."""
    threads: int = 0
    """CPU threads of torch; 0 for all cores."""
    mixed_precision: bool = True
    """bfloat16 on CUDA devices that have it; the CPU always computes in float32."""
    log_every: int = 20
    """Steps between two rows of `stats.jsonl`."""
    sheet_every: int = 5_000
    """Shapes seen between two sheets of samples."""
    save_every: int = 5_000
    """Shapes seen between two checkpoints."""
    keep: int = 3
    """Checkpoints kept, at least 2, so that a damaged one costs little."""
    cpu_minutes: float = 0.0
    """Stop, saved, after this much processor time of all threads; 0 for no limit."""
    watchdog: Watch = "stop"
    """When a collapse is seen: `stop` after it lasted, `warn` only, or `off`."""
    tensorboard: bool = True
    """Write TensorBoard's event files too, where it is installed."""

    def __post_init__(self) -> None:
        """Refuse intervals of nothing."""
        for name in ("log_every", "sheet_every", "save_every"):
            _at_least(f"run.{_dashed(name)}", getattr(self, name), 1)
        _at_least("run.keep", self.keep, 2)
        _at_least("run.threads", self.threads, 0)
        _at_least("run.seed", self.seed, 0)


@dataclass(frozen=True)
class Settings:
    """A whole run."""

    nets: NetSettings = field(default_factory=NetSettings)
    train: TrainSettings = field(default_factory=TrainSettings)
    augment: AugmentSettings = field(default_factory=AugmentSettings)
    vae: VaeSettings = field(default_factory=VaeSettings)
    run: RunSettings = field(default_factory=RunSettings)

    def __post_init__(self) -> None:
        """Refuse settings that contradict each other."""
        if self.train.one_pass and (self.nets.discriminator_norm == "batch" or self.nets.minibatch_std):
            raise UsageError(
                "train.one-pass needs a discriminator that judges each shape alone: "
                "nets.discriminator-norm none or spectral, and no nets.minibatch-std"
            )
        if self.train.contrast and self.nets.discriminator_norm == "batch":
            raise UsageError(
                "train.contrast shows the discriminator distorted shapes, which must not enter its batch statistics: "
                "nets.discriminator-norm none or spectral"
            )
        if self.train.recompute == "always" and (self.train.one_pass or self.train.one_draw):
            raise UsageError(
                "train.recompute always needs two draws of latents; leave out train.one-draw and train.one-pass"
            )
        if self.vae.taught and (self.train.generator_rate or self.train.discriminator_rate):
            raise UsageError(
                "vae.taught needs G and D to stay where the teacher knows them: "
                "--train.generator-rate 0 --train.discriminator-rate 0"
            )
        if self.vae.taught and (not self.vae.encoder_width or self.vae.reads != "pictures"):
            raise UsageError("vae.taught is of an encoder of pictures: --preset vaegan, --vae.reads pictures")
        if self.vae.encoder_width and self.nets.prior != "normal":
            raise UsageError("an image encoder needs the prior its divergence is measured from: --nets.prior normal")
