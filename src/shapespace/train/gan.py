"""One step of 3D-GAN: the discriminator learns if the gate is open, then the generator learns.

Everything random in a step is a pure function of (seed, step), so a step can be done again, elsewhere or after a
kill, bit for bit. Numbers stay on the device; the one question a step asks of them is whether they are finite.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from shapespace.nets.norm import gathered
from shapespace.nets.prior import sample_prior
from shapespace.settings import Settings
from shapespace.tensors import Latent, Logits, Occupancy, Scalar
from shapespace.train import losses
from shapespace.train.augment import augment
from shapespace.train.balance import gather_counts
from shapespace.train.contrast import contrast
from shapespace.train.draws import generator_for
from shapespace.train.finite import refuse_infinite
from shapespace.train.optimisers import adam_for, rate_at, set_rate
from shapespace.train.ranks import Ranks
from shapespace.train.whole import push

Stats = dict[str, Tensor]
Also = Callable[[], Stats]
"""What else teaches G in a step: it adds to the gradients of G's weights, and returns its numbers."""

LARGE = 64 * 64**3
"""Voxels of a batch from which G's layers are not kept: at 64^3 and batch 100 they are two of eight gigabytes."""

JUDGED = 2
"""Shapes of a batch that D is asked about where neither network learns: its numbers are only looked at."""

TINY = 1e-30
"""Below this D's loss has no slope at a shape that float32 could carry; G then learns nothing from it."""


class Gan:
    """Both networks, their optimisers, and what one step does with them."""

    def __init__(
        self, generator: nn.Module, discriminator: nn.Module, settings: Settings, *, ranks: Ranks | None = None
    ) -> None:
        """Take two networks that lie on their device already.

        Args:
            generator: (batch, latent) to (batch, 1, x, y, z) occupancy.
            discriminator: (batch, 1, x, y, z) to (batch,) logits.
            settings: Of the whole run.
            ranks: This process among its peers; None for one alone.
        """
        self.generator, self.discriminator = generator.train(), discriminator.train()
        self.nets, self.train, self.seen = settings.nets, settings.train, settings.augment
        self.seed, self.ranks = settings.run.seed, ranks or Ranks()
        self.device = next(generator.parameters()).device
        self.loss = losses.named(self.train.loss, self.train.generator_loss, self.train.one_sided_smoothing)
        self.generator_adam = adam_for(generator, self.train.generator_rate, self.train)
        self.discriminator_adam = adam_for(discriminator, self.train.discriminator_rate, self.train)
        self.whole = self.train.whole
        self.empty = -1.0 if self.nets.activation == "tanh" else 0.0
        self.mixed = settings.run.mixed_precision and self.device.type == "cuda" and torch.cuda.is_bf16_supported()

    @property
    def networks(self) -> dict[str, nn.Module]:
        """Every network by the name its tensors are saved under."""
        return {"generator": self.generator, "discriminator": self.discriminator}

    @property
    def adams(self) -> dict[str, torch.optim.Adam]:
        """Every optimiser by the name its tensors are saved under."""
        return {"generator_adam": self.generator_adam, "discriminator_adam": self.discriminator_adam}

    @property
    def frozen(self) -> bool:
        """Whether both stay as they are, rates of 0, for what learns beside them."""
        return self.train.generator_rate == self.train.discriminator_rate == 0

    def step(self, real: Occupancy, *, step: int, count: int, is_open: bool, also: Also | None = None) -> Stats:
        """Learn from one batch and return its numbers, still on the device.

        Args:
            real: This rank's shapes of the batch, (batch, 1, x, y, z).
            step: Of the run; with the seed it decides all draws.
            count: Shapes in the whole batch, over all ranks.
            is_open: Whether the discriminator is updated.
            also: Called once D has learned and before G moves.

        Returns:
            `loss_discriminator`, `loss_generator`, `penalty`, `counts` (right decisions, decisions, over this rank),
            `occupancy_fake`, `occupancy_real`: scalars, but for `counts`; and the numbers of `also`.

        Raises:
            TrainingDiverged: A loss or gradient is not finite; the weights it would have spoilt are untouched.
        """
        self.share = len(real) * self.ranks.size / count
        if self.frozen:
            return self._looked_at(real, step, count) | (also() if also else {})
        if also and self.train.discriminator_rate == 0:
            return self._looked_at(real, step, count) | self._teach_unjudged(also, step, count)
        one_draw = self.train.one_draw or self.train.one_pass
        fake = self._fake(self._latents(step, count, "first"), with_graph=one_draw)
        real_seen = self._shown(real, step, "real", is_real=True)
        occupancy = {"occupancy_fake": fake.detach().mean(), "occupancy_real": real.mean()}
        if self.train.one_pass and is_open:
            return self._teach_both(real_seen, fake, step, also) | occupancy
        # With one draw and a closed gate the same pass of D judges G and teaches it.
        linked = one_draw and not is_open
        fake_seen = self._shown(fake if linked else fake.detach(), step, "fake")
        fake_logits, again = None, None
        if is_open:
            stats = self._teach_discriminator(real_seen, fake_seen, step)
        else:
            stats, fake_logits = self._ask_discriminator(real_seen, fake_seen)
        if not one_draw:
            del fake, fake_seen  # a tenth of a gigabyte at 64^3 and batch 100, before the step's largest moment
            latents = self._latents(step, count, "second")
            recompute = self._recomputes(real)
            fake = self._fake(latents, with_graph=not recompute)
            fake.requires_grad_()
            again = (latents, fake) if recompute else None
        if fake_logits is None or not linked:
            fake_logits = self._logits(self._shown(fake, step, "fake again"), learning=False)
        return stats | self._teach_generator(fake, fake_logits, real_seen, again, also) | occupancy

    def set_progress(self, fraction: float) -> None:
        """Set both learning rates for a run of which `fraction` is done, and whether shapes are kept whole by now."""
        set_rate(self.generator_adam, rate_at(self.train.generator_rate, fraction, self.train))
        set_rate(self.discriminator_adam, rate_at(self.train.discriminator_rate, fraction, self.train))
        self.whole = self.train.whole if fraction >= self.train.whole_from else 0.0

    @torch.no_grad()
    def _looked_at(self, real: Occupancy, step: int, count: int) -> Stats:
        """Return the numbers of a step in which neither network learns, from a few shapes."""
        few = real[:JUDGED]
        with gathered(self.generator), gathered(self.discriminator):
            fake = self._fake(self._latents(step, count, "first")[:JUDGED], with_graph=False)
            shown = self._shown(few, step, "real", is_real=True), self._shown(fake, step, "fake")
            real_logits, fake_logits = (self._logits(each, learning=False) for each in shown)
        return {
            "loss_discriminator": self.loss.discriminator(real_logits, fake_logits),
            "loss_generator": self.loss.generator(real_logits, fake_logits),
            "penalty": torch.zeros((), device=self.device),
            "counts": gather_counts(real_logits, fake_logits, self.loss.paired),
            "occupancy_fake": fake.mean(), "occupancy_real": real.mean(),
        }  # fmt: skip

    def _teach_unjudged(self, also: Also, step: int, count: int) -> Stats:
        """Teach G by what else teaches it, and keep its shapes whole; D, the dearest part of a step, is not asked."""
        # Made even if nothing is learned from them: batch norm gathers the prior's statistics.
        fake = self._fake(self._latents(step, count, "second"), with_graph=bool(self.whole))
        self.generator_adam.zero_grad(set_to_none=True)
        if self.whole:
            fake.backward(self.share * self._push(fake))
        more = also()
        self.check(self.generator, torch.zeros((), device=self.device), "the generator")
        self.generator_adam.step()
        return more

    def _teach_discriminator(self, real: Occupancy, fake: Occupancy, step: int) -> Stats:
        self.discriminator_adam.zero_grad(set_to_none=True)
        if self.loss.on_real and self.loss.on_fake:  # one pass at a time: half the memory, the same gradient
            real_logits = self._logits(real, learning=True)
            real_loss = self.loss.on_real(real_logits)
            (real_loss * self.share).backward()
            fake_logits = self._logits(fake, learning=True)
            fake_loss = self.loss.on_fake(fake_logits)
            (fake_loss * self.share).backward()
            loss = real_loss.detach() + fake_loss.detach()
        else:
            real_logits, fake_logits = self._logits(real, learning=True), self._logits(fake, learning=True)
            pair_loss = self.loss.discriminator(real_logits, fake_logits)
            (pair_loss * self.share).backward()
            loss = pair_loss.detach()
        penalty = self._penalise(real, fake, step)
        self.check(self.discriminator, loss + penalty, "the discriminator")
        self.discriminator_adam.step()
        counts = gather_counts(real_logits.detach(), fake_logits.detach(), self.loss.paired)
        return {"loss_discriminator": loss, "penalty": penalty, "counts": counts}

    def _ask_discriminator(self, real: Occupancy, fake: Occupancy) -> tuple[Stats, Logits]:
        """Return D's numbers and its answers to the fakes without teaching it: a closed gate costs no backward pass."""
        with torch.no_grad():
            real_logits = self._logits(real, learning=False)
        with torch.set_grad_enabled(fake.requires_grad):
            fake_logits = self._logits(fake, learning=False)
        seen = fake_logits.detach()
        loss = self.loss.discriminator(real_logits, seen)
        # no update to guard, but the data is bad
        refuse_infinite(self.ranks.add(loss.clone()), "the discriminator")
        counts = gather_counts(real_logits, seen, self.loss.paired)
        zero = torch.zeros((), device=self.device)
        return {"loss_discriminator": loss, "penalty": zero, "counts": counts}, fake_logits

    def _teach_generator(
        self,
        fake: Occupancy,
        fake_logits: Logits,
        real: Occupancy,
        again: tuple[Latent, Occupancy] | None,
        also: Also | None,
    ) -> Stats:
        real_logits = None
        if self.loss.paired:
            with torch.no_grad():
                real_logits = self._logits(real, learning=False)
        loss = self.loss.generator(real_logits, fake_logits)
        self.generator_adam.zero_grad(set_to_none=True)
        aim = loss + (self._push(fake) * fake).sum() if self.whole else loss
        (aim * self.share).backward()
        if again:
            self._carry_back(*again)
        more = also() if also else {}
        self.check(self.generator, loss.detach(), "the generator")
        self.generator_adam.step()
        return {"loss_generator": loss.detach()} | more

    def _push(self, fake: Occupancy) -> Occupancy:
        """Return the slope of what keeps shapes whole, weighted."""
        return self.whole * push((fake.detach() - self.empty) / (1 - self.empty))

    def _recomputes(self, real: Occupancy) -> bool:
        if self.train.recompute == "auto":
            return self.device.type == "cpu" and real.numel() >= LARGE
        return self.train.recompute == "always"

    def _carry_back(self, latents: Latent, fake: Occupancy) -> None:
        """Make the fakes again and carry D's slope at them through G: its layers need not lie in memory with D's."""
        statistics = [buffer.clone() for buffer in self.generator.buffers()]
        self._fake(latents, with_graph=True).backward(fake.grad)
        with torch.no_grad():  # batch norm has counted these fakes already
            for buffer, value in zip(self.generator.buffers(), statistics, strict=True):
                buffer.copy_(value)

    def _teach_both(self, real: Occupancy, fake: Occupancy, step: int, also: Also | None) -> Stats:
        """Teach both networks from one pass of D, each by its own loss, as D was before the step.

        D judges each shape alone, so the slope of any loss at a fake shape is a number a shape, dLoss/dlogit, times the
        slope of its logit. D's backward pass gives the latter times D's number; G's needs it times G's.
        """
        leaf = fake.detach().requires_grad_()
        shown = self._shown(leaf, step, "fake")
        real_logits, fake_logits = self._logits(real, learning=True), self._logits(shown, learning=True)
        loss = self.loss.discriminator(real_logits, fake_logits)
        aim = self.loss.generator(real_logits.detach(), fake_logits)
        on_real, on_fake = torch.autograd.grad(loss, (real_logits, fake_logits))
        (wanted,) = torch.autograd.grad(aim, fake_logits)
        self.discriminator_adam.zero_grad(set_to_none=True)
        self.generator_adam.zero_grad(set_to_none=True)
        torch.autograd.backward((real_logits, fake_logits), (on_real * self.share, on_fake * self.share))
        ratio = wanted / torch.where(on_fake.abs() < TINY, TINY, on_fake)
        slope: Tensor = leaf.grad  # pyrefly: ignore[bad-assignment]  (backward has just filled it)
        whole = self.share * self._push(fake) if self.whole else 0.0
        fake.backward(slope * ratio.view(-1, 1, 1, 1, 1) + whole)
        penalty = self._penalise(real, shown.detach(), step)
        self.check(self.discriminator, loss.detach() + penalty, "the discriminator")
        more = also() if also else {}
        self.check(self.generator, aim.detach(), "the generator")
        self.discriminator_adam.step()
        self.generator_adam.step()
        counts = gather_counts(real_logits.detach(), fake_logits.detach(), self.loss.paired)
        return more | {
            "loss_discriminator": loss.detach(), "penalty": penalty, "counts": counts, "loss_generator": aim.detach()
        }  # fmt: skip

    def _penalise(self, real: Occupancy, fake: Occupancy, step: int) -> Scalar:
        """Return the penalties on D's slope, and the price of its second task, their gradients added."""
        penalty = self._contrast(real, step) if self.train.contrast else torch.zeros((), device=self.device)
        if step % self.train.penalty_every:
            return penalty
        rng = generator_for(self.seed, step, f"penalty {self.ranks.rank}")
        terms = losses.penalties(
            self.discriminator, real, fake, r1=self.train.r1, r2=self.train.r2,
            gradient_penalty=self.train.gradient_penalty, generator=rng,
        )  # fmt: skip
        for term in terms:
            (term * (self.train.penalty_every * self.share)).backward()
            penalty = penalty + term.detach()
        return penalty

    def _contrast(self, real: Occupancy, step: int) -> Scalar:
        """Return the weighted loss of D's second task on real shapes, its gradient added."""
        with self.precision():
            rng = generator_for(self.seed, step, f"contrast {self.ranks.rank}")
            loss = self.train.contrast * contrast(self.discriminator, real, rng, empty=self.empty)
        (loss * self.share).backward()
        return loss.detach()

    def check(self, network: nn.Module, loss: Scalar, who: str) -> None:
        """Average a network's gradients over the ranks; refuse them, before any update, if one is not finite."""
        parameters = [p for p in network.parameters() if p.grad is not None]
        self.ranks.average_gradients(parameters, 1.0 / self.ranks.size)
        norms = torch._foreach_norm([p.grad for p in parameters if p.grad is not None])
        refuse_infinite(torch.stack(norms).sum() + self.ranks.add(loss.clone()), who)

    def _fake(self, z: Latent, *, with_graph: bool) -> Occupancy:
        with torch.set_grad_enabled(with_graph), self.precision():
            return self.generator(z).float()

    def _logits(self, shapes: Occupancy, *, learning: bool) -> Logits:
        # G's step needs D's slope at the shapes, not at D's weights: a third of the backward pass saved.
        self.discriminator.requires_grad_(learning)
        with self.precision():
            return self.discriminator(shapes).float()

    def _latents(self, step: int, count: int, purpose: str) -> Latent:
        rng = generator_for(self.seed, step, f"latents {purpose}")
        whole = sample_prior(self.nets.prior, count, self.nets.latent_dim, generator=rng)
        return self.ranks.part(whole).to(self.device, non_blocking=True)

    def _shown(self, shapes: Occupancy, step: int, purpose: str, *, is_real: bool = False) -> Occupancy:
        seen = self.seen
        return augment(
            shapes,
            generator=generator_for(self.seed, step, f"{purpose} {self.ranks.rank}"),
            mirror=seen.mirror,
            shift=seen.shift,
            cutout=seen.cutout,
            soften=seen.soften if is_real or seen.soften_fake else 0.0,
            halo=seen.halo if is_real else 0.0,
            empty=self.empty,
        )

    def precision(self) -> torch.autocast:
        """Return the context in which networks compute: bfloat16 where that is set and the device has it."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.mixed)
