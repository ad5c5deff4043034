"""Box losses in plain NumPy, each with a convention of its own: targets to be identified."""

import numpy as np

import refloss


def parts(pred, target):
    """Return intersection, union, hull and squared diagonal."""
    low, high = np.maximum(pred, target)[:, :2], np.minimum(pred, target)[:, 2:]
    inter = np.clip(high - low, 0, None).prod(axis=1)
    areas = [(box[:, 2:] - box[:, :2]).prod(axis=1) for box in (pred, target)]
    sides = np.maximum(pred, target)[:, 2:] - np.minimum(pred, target)[:, :2]
    return inter, sum(areas) - inter, sides.prod(axis=1), (sides**2).sum(axis=1)


def iou_loss(pred, target):
    """1 - IoU."""
    inter, union, _, _ = parts(pred, target)
    return 1 - inter / union


def giou(pred, target, union_eps=1e-7, hull_eps=1e-7):
    """GIoU loss with an amount in each denominator."""
    inter, union, hull, _ = parts(pred, target)
    return 1 - inter / (union + union_eps) + (hull - union) / (hull + hull_eps)


def unknown_eps(pred, target):
    """Take an amount that no preset has."""
    return giou(pred, target, 3e-5, 3e-5)


def odd_eps(pred, target):
    """Take an amount with many digits."""
    return giou(pred, target, 0.00012345, 0.00012345)


def eps_in_union_only(pred, target):
    """Leave the hull term without one."""
    return giou(pred, target, 1e-6, 0.0)


def two_amounts(pred, target):
    """Take another amount in each denominator."""
    return giou(pred, target, 1e-6, 2e-3)


def floored_twice(pred, target):
    """-ln of IoU with a floor of both areas and of IoU that no preset has."""
    inter, union, _, _ = parts(pred, target)
    return -np.log(np.maximum(inter / np.maximum(union, 1e-3), 2e-5))


def diou_metric(pred, target, eps=1e-7):
    """DIoU itself, with an amount in the diagonal only."""
    inter, union, _, diagonal = parts(pred, target)
    centres = (pred[:, :2] + pred[:, 2:] - target[:, :2] - target[:, 2:]) / 2
    return inter / union - (centres**2).sum(axis=1) / (diagonal + eps)


def iou_metric(pred, target):
    """IoU itself."""
    return 1 - iou_loss(pred, target)


def negative(pred, target):
    """Minus the loss."""
    return -giou(pred, target)


def weighted(pred, target):
    """Apply a loss weight."""
    return 2.5 * giou(pred, target)


def third_of_pi(pred, target):
    """Multiply by what is no number of everyday."""
    return np.pi / 3 * giou(pred, target)


def off_by_a_quarter(pred, target):
    """Add a constant."""
    return giou(pred, target) + 0.25


def mean(pred, target):
    """Mean over the rows."""
    return giou(pred, target).mean()


def total(pred, target):
    """Sum over the rows."""
    return giou(pred, target).sum()


def twice_the_mean(pred, target):
    """Mean with a loss weight."""
    return 2 * giou(pred, target).mean()


def one_too_many(pred, target):
    """Divide by N + 1."""
    return giou(pred, target).sum() / (len(pred) + 1)


def padded_mean(pred, target):
    """Add an amount to the number of rows."""
    return giou(pred, target).sum() / (len(pred) + 1e-3)


def root_mean(pred, target):
    """Divide by the root of N."""
    return giou(pred, target).sum() / np.sqrt(len(pred))


def one_number_in_an_array(pred, target):
    """Mean of shape (1,)."""
    return giou(pred, target).mean(keepdims=True)


def column(pred, target):
    """Shape (N, 1)."""
    return giou(pred, target)[:, None]


def pairs(pred, target):
    """All pairs, prediction by row."""
    rows = [giou(np.broadcast_to(box, target.shape), target) for box in pred]
    return np.stack(rows)


def pairs_the_other_way(pred, target):
    """All pairs, target by row."""
    return pairs(pred, target).T


def diagonal_only(pred, target):
    """Nonsense beside the diagonal."""
    return np.where(np.eye(len(pred), len(target)) > 0, pairs(pred, target), 7.0)


def xywh(boxes):
    """Corner and size to corners."""
    return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)


def cxcywh(boxes):
    """Centre and size to corners."""
    half = boxes[:, 2:] / 2
    return np.concatenate([boxes[:, :2] - half, boxes[:, :2] + half], axis=1)


def takes_xywh(pred, target):
    """Corner and size."""
    return giou(xywh(pred), xywh(target))


def takes_cxcywh(pred, target):
    """Centre and size."""
    return giou(cxcywh(pred), cxcywh(target))


def takes_pixels(pred, target):
    """Count the last pixel as part of the box."""
    more = np.array([0, 0, 1, 1])
    return giou(pred + more, target + more)


def takes_fractions(pred, target):
    """Divide coordinates by the size of an image, but not the amounts."""
    return refloss.ciou(pred / 640, target / 640, preset="torchvision", check="none")


def manhattan(pred, target):
    """No loss of overlap at all."""
    return np.abs(pred - target).sum(axis=1)


def arbitrary(pred, target):
    """Noise that depends on the input."""
    return np.modf(np.abs(np.sin(pred.sum(axis=1) * 12.9898 + target[:, 0])) * 43758.5453)[0]


def constant(pred, target):
    """Return the same for every input."""
    return np.full(len(pred), 0.5)


def nothing_but_nan(pred, target):
    """No number at all."""
    return np.full(len(pred), np.nan)


def nan_when_far(pred, target):
    """NaN for boxes of which one is far from the origin."""
    return np.where(np.maximum(pred, target).max(axis=1) > 1000, np.nan, giou(pred, target))


def refuses_far(pred, target):
    """Raise for the same boxes."""
    if np.maximum(pred, target).max() > 1000:
        raise ValueError("boxes must lie in the image")
    return giou(pred, target)


def always_raises(pred, target):
    """Raise for every box."""
    raise ValueError("no such thing")


def four_numbers_a_row(pred, target):
    """Not reduced over the coordinates."""
    return np.abs(pred - target)


def single(pred, target):
    """Compute in float32."""
    found = giou(
        pred.astype(np.float32), target.astype(np.float32), np.float32(1e-7), np.float32(1e-7)
    )
    return found.astype(pred.dtype)


def narrow(pred, target):
    """Return float32."""
    return single(pred, target).astype(np.float32)


def demands(pred, target, eps):
    """Have no default for the amount."""
    return giou(pred, target, eps, eps)


class Followed:
    """A loss of refloss under any convention, for value and gradients apart."""

    def __init__(self, loss, value, gradient=None, times=1.0):
        self.loss = getattr(refloss, loss)
        self.value, self.gradient = value, value if gradient is None else gradient
        self.times = times

    def __call__(self, pred, target):
        """Return the value."""
        return self.loss(pred, target, check="none", **self.value)

    def grad(self, pred, target, *, upstream, wrt):
        """Return the gradients."""
        found = self.loss.grad(
            pred, target, upstream=upstream, wrt=wrt, check="none", **self.gradient
        )
        return {name: self.times * gradient for name, gradient in found.items()}


class OtherLoss(Followed):
    """The gradients of another loss."""

    def grad(self, pred, target, *, upstream, wrt):
        """Return those of DIoU."""
        return refloss.diou.grad(
            pred, target, upstream=upstream, wrt=wrt, preset="torchvision", check="none"
        )


class Reduced:
    """Mean of GIoU whose gradient is that of the sum."""

    def __call__(self, pred, target):
        """Return the mean."""
        return giou(pred, target).mean()

    def grad(self, pred, target, *, upstream, wrt):
        """Forget the number of rows."""
        return refloss.giou.grad(
            pred, target, upstream=upstream, wrt=wrt, preset="fvcore", reduction="sum", check="none"
        )


class PredOnly(Followed):
    """Ones in the place of the target's gradient."""

    def grad(self, pred, target, **rest):
        """Spoil one of the two."""
        found = super().grad(pred, target, **rest)
        return {**found, "target": np.ones_like(found["target"])}
