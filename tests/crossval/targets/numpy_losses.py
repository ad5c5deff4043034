"""GIoU through refloss's own functions, right and subtly wrong: quick targets without PyTorch."""

import os
import sys
import time

import numpy as np

import refloss


class Giou:
    """The right loss; each mutant below changes one thing."""

    def __call__(self, pred, target, eps=1e-7):
        """Return the value."""
        return refloss.giou(pred, target, preset="fvcore", eps=eps)

    def grad(self, pred, target, *, upstream, wrt, eps=1e-7):
        """Return the gradients."""
        return refloss.giou.grad(pred, target, preset="fvcore", eps=eps, upstream=upstream, wrt=wrt)


class UpstreamIgnored(Giou):
    """Gradient of the plain sum."""

    def grad(self, pred, target, *, upstream, **rest):
        """Replace upstream by ones."""
        return super().grad(pred, target, upstream=np.ones_like(upstream), **rest)


class FirstUpstream(Giou):
    """Row 0's upstream for all rows."""

    def grad(self, pred, target, *, upstream, **rest):
        """Broadcast the first entry."""
        first = np.full_like(upstream, upstream[0] if len(upstream) else 0)
        return super().grad(pred, target, upstream=first, **rest)


class Swapped(Giou):
    """Gradients of prediction and target exchanged."""

    def grad(self, pred, target, **rest):
        """Exchange."""
        found = super().grad(pred, target, **rest)
        return {"pred": found["target"], "target": found["pred"]}


class Scaled(Giou):
    """Twice the loss and twice the gradient."""

    def __call__(self, pred, target, eps=1e-7):
        """Double the value."""
        return 2 * super().__call__(pred, target, eps)

    def grad(self, pred, target, **rest):
        """Double the gradients."""
        return {name: 2 * g for name, g in super().grad(pred, target, **rest).items()}


class Flipped(Giou):
    """Descent direction."""

    def grad(self, pred, target, **rest):
        """Negate."""
        return {name: -g for name, g in super().grad(pred, target, **rest).items()}


class Zero(Giou):
    """No gradient."""

    def grad(self, pred, target, **rest):
        """Return zeros."""
        return {name: np.zeros_like(g) for name, g in super().grad(pred, target, **rest).items()}


class Paper(Giou):
    """No eps at all."""

    def __call__(self, pred, target):
        """Return the value of another preset."""
        return refloss.giou(pred, target, preset="paper")

    def grad(self, pred, target, *, upstream, wrt):
        """Return its gradients."""
        return refloss.giou.grad(pred, target, preset="paper", upstream=upstream, wrt=wrt)


class Wide(Giou):
    """Float64 out, whatever comes in."""

    def __call__(self, pred, target, eps=1e-7):
        """Widen."""
        return super().__call__(pred, target, eps).astype(np.float64)


class Nonfinite(Giou):
    """NaN for touching boxes."""

    def grad(self, pred, target, **rest):
        """Spoil rows in which edges of the two boxes meet."""
        found = super().grad(pred, target, **rest)
        touching = pred[:, 2] == target[:, 0]
        return {name: np.where(touching[:, None], np.nan, g) for name, g in found.items()}


class Noisy(Giou):
    """Another result every time."""

    def __init__(self):
        self.random = np.random.default_rng()

    def __call__(self, pred, target, eps=1e-7):
        """Add noise of a few units in the last place."""
        value = super().__call__(pred, target, eps)
        noise = self.random.integers(-3, 4, size=value.shape)
        return (value * (1 + noise * np.finfo(value.dtype).eps)).astype(value.dtype)


class Stale(Giou):
    """Results cached by shape."""

    def __init__(self):
        self.cache = {}

    def __call__(self, pred, target, eps=1e-7):
        """Return what was computed first for this shape."""
        key = (pred.shape, pred.dtype.name, eps)
        if key not in self.cache:
            self.cache[key] = super().__call__(pred, target, eps)
        return self.cache[key]

    def grad(self, pred, target, **rest):
        """Do the same for gradients."""
        key = ("grad", pred.shape, pred.dtype.name, *rest["wrt"])
        if key not in self.cache:
            self.cache[key] = super().grad(pred, target, **rest)
        return self.cache[key]


class Neighbour(Giou):
    """The last row's loss in the row before it."""

    def __call__(self, pred, target, eps=1e-7):
        """Mix rows."""
        value = super().__call__(pred, target, eps).copy()
        value[-2:-1] = value[-1:]
        return value


class Contiguous(Giou):
    """Reads the buffer of a view instead of its entries."""

    def __call__(self, pred, target, eps=1e-7):
        """Take the base of a strided view."""
        if pred.base is not None and not pred.flags.c_contiguous:
            pred = np.nan_to_num(pred.base[: len(pred), :4])
            pred = np.concatenate([np.minimum(pred[:, :2], pred[:, 2:]), pred[:, 2:] + 1], axis=1)
        return super().__call__(pred, target, eps)


class Broadcasting(Giou):
    """Cuts operands to the shorter one and to four columns."""

    def __call__(self, pred, target, eps=1e-7):
        """Accept anything."""
        rows = min(len(pred), len(target))
        pred, target = (np.resize(b[:rows, :4], (rows, 4)) for b in (pred, target))
        low, high = np.minimum(pred, target), np.maximum(pred, target)
        return super().__call__(np.sort(low, axis=1), np.sort(high, axis=1), eps)


class OneForAll(Giou):
    """Repeats a single target box for every prediction."""

    def __call__(self, pred, target, eps=1e-7):
        """Broadcast silently."""
        return super().__call__(pred, np.broadcast_to(target, pred.shape), eps)


class NanAtTies(Giou):
    """NaN where edges coincide, in boxes larger than any named point."""

    def grad(self, pred, target, **rest):
        """Spoil tied rows of the regimes."""
        found = super().grad(pred, target, **rest)
        tied = (pred == target).any(axis=1) & (np.abs(pred).max(axis=1) > 2000)
        return {name: np.where(tied[:, None], np.nan, g) for name, g in found.items()}


class ContiguousOnly(Giou):
    """Raises for views."""

    def __call__(self, pred, target, eps=1e-7):
        """Check the layout."""
        if not pred.flags.c_contiguous:
            raise ValueError("pred must be contiguous")
        return super().__call__(pred, target, eps)


class Offset(Giou):
    """Off by what many a test's atol lets through."""

    def __call__(self, pred, target, eps=1e-7):
        """Add one millionth."""
        value = super().__call__(pred, target, eps)
        return value + value.dtype.type(1e-6)


class Tilted(Giou):
    """One gradient component off by a ten-thousandth."""

    def grad(self, pred, target, **rest):
        """Scale the last component of the target's gradient."""
        found = dict(super().grad(pred, target, **rest))
        factor = np.array([1, 1, 1, 1 + 1e-4], found["target"].dtype)
        return {**found, "target": found["target"] * factor}


class NoEmpty(Giou):
    """Raises for an empty batch."""

    def __call__(self, pred, target, eps=1e-7):
        """Look at the first row."""
        _ = pred[0]
        return super().__call__(pred, target, eps)


class StrictTies(Giou):
    """At equal edges the gradient of max and min goes to both sides."""

    def grad(self, pred, target, **rest):
        """Double the components whose edge coincides with the other box's."""
        found = super().grad(pred, target, **rest)
        return {name: np.where(pred == target, 2 * g, g) for name, g in found.items()}


class ValueOnly:
    """A loss without gradients."""

    def __call__(self, pred, target, eps=1e-7):
        """Return the value."""
        return refloss.giou(pred, target, preset="fvcore", eps=eps)


def exits(pred, target):
    """End the process."""
    os._exit(7)


def exits_at_special_points(pred, target):
    """End the process only for boxes without height."""
    if np.any(pred[:, 1] == pred[:, 3]):
        os._exit(7)
    return refloss.giou(pred, target, preset="fvcore")


def hangs(pred, target):
    """Never answer."""
    time.sleep(3600)


def hoards(pred, target):
    """Take a gigabyte and linger."""
    block = np.ones(1 << 27)
    time.sleep(3600)
    return block


def raises_at_points(pred, target):
    """Refuse boxes without width."""
    if np.any(pred[:, 0] == pred[:, 2]):
        raise ValueError("boxes must have a width")
    return refloss.giou(pred, target, preset="fvcore")


def always_raises(pred, target):
    """Answer nothing, in two lines."""
    raise RuntimeError("first line\n  second line")


def weighted(pred, target, eps=1e-7, weight=1.0):
    """Take an argument that is no axis of the loss."""
    return weight * refloss.giou(pred, target, preset="fvcore", eps=eps)


NOT_CALLABLE = 3


def prints(pred, target):
    """Write to standard output and read standard input."""
    print("noise on standard output" * 100, sys.stdin.read())
    return refloss.giou(pred, target, preset="fvcore")


giou = Giou()


class Owner:
    """A loss that owns the target boxes."""

    def __init__(self):
        self.boxes = np.zeros((2, 4))

    def __call__(self, pred, eps=1e-7):
        """Compare with the boxes."""
        return refloss.giou(pred, self.boxes, preset="fvcore", eps=eps)

    def grad(self, pred, *, upstream, wrt, eps=1e-7):
        """Return gradients by what is passed and by what is owned."""
        return refloss.giou.grad(
            pred, self.boxes, preset="fvcore", eps=eps, upstream=upstream, wrt=wrt
        )


def three_inputs(pred, target, anchors):
    """Take one input too many."""
    raise AssertionError("must not be called")


def demands_eps(pred, target, eps):
    """Take eps without a default."""
    return refloss.giou(pred, target, preset="fvcore", eps=eps)
