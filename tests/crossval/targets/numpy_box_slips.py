"""IoU and GIoU with one slip each, derivatives carried forwards: the mistakes that people make."""

import numpy as np

EPS = 1e-7


class Number:
    """A number of every row with its derivatives by eight corners."""

    def __init__(self, value, slope):
        self.value, self.slope = value, slope

    def __add__(self, other):
        if not isinstance(other, Number):
            return Number(self.value + other, self.slope)
        return Number(self.value + other.value, self.slope + other.slope)

    def __neg__(self):
        return Number(-self.value, -self.slope)

    def __sub__(self, other):
        return self + -other

    def __mul__(self, other):
        if not isinstance(other, Number):
            return Number(self.value * other, self.slope * other)
        slope = self.value[:, None] * other.slope + other.value[:, None] * self.slope
        return Number(self.value * other.value, slope)

    def __truediv__(self, other):
        value = self.value / other.value
        return Number(value, (self.slope - value[:, None] * other.slope) / other.value[:, None])

    def where(self, kept, other):
        """Choose row by row."""
        slope = np.where(kept[:, None], self.slope, other.slope)
        return Number(np.where(kept, self.value, other.value), slope)


def larger(a, b):
    """Return the larger; half of each derivative where they tie."""
    return ((a + b) * 0.5).where(a.value == b.value, a.where(a.value > b.value, b))


def smaller(a, b):
    """Return the smaller."""
    return -larger(-a, -b)


class Giou:
    """The right loss; each mutant below changes one thing."""

    one = 0.0

    def __call__(self, pred, target):
        """Return the losses."""
        return self.loss(*self.corners(pred, target)).value.astype(pred.dtype)

    def grad(self, pred, target, *, upstream, wrt):
        """Return both gradients."""
        with np.errstate(all="ignore"):
            slope = self.loss(*self.corners(pred, target)).slope
        slope = (slope * np.asarray(upstream, float)[:, None]).astype(pred.dtype)
        return {"pred": slope[:, :4], "target": slope[:, 4:]}

    def corners(self, pred, target):
        """Return eight numbers."""
        if pred.shape != target.shape or pred.shape[1:] != (4,):
            raise ValueError("boxes (N, 4) are expected")
        both = np.concatenate([pred, target], axis=1).astype(float)
        slopes = np.broadcast_to(np.eye(8)[:, None, :], (8, len(both), 8))
        return [Number(both[:, j], slopes[j]) for j in range(8)]

    def loss(self, px1, py1, px2, py2, tx1, ty1, tx2, ty2):
        """Return the loss."""
        width = self.side(larger(px1, tx1), smaller(px2, tx2))
        height = self.side(larger(py1, ty1), smaller(py2, ty2))
        inter = self.clamped(width) * self.clamped(height)
        areas = self.side(px1, px2) * self.side(py1, py2) + self.side(tx1, tx2) * self.side(
            ty1, ty2
        )
        union = areas - inter
        hull = self.side(smaller(px1, tx1), larger(px2, tx2))
        hull = hull * self.side(smaller(py1, ty1), larger(py2, ty2))
        return self.combined(self.iou(inter, union, areas), union, hull)

    def side(self, low, high):
        """Return a length."""
        return high - low + self.one

    def clamped(self, side):
        """Return a side of the overlap."""
        return larger(side, side * 0.0)

    def iou(self, inter, union, areas):
        """Return the ratio."""
        return inter / (union + EPS)

    def combined(self, iou, union, hull):
        """Return the loss."""
        return -iou + 1 + (hull - union) / (hull + EPS)


class Iou(Giou):
    """IoU without a hull."""

    def combined(self, iou, union, hull):
        """Return the loss."""
        return -iou + 1


class Pixels(Giou):
    """Sides with one more."""

    one = 1.0


class Unclamped(Giou):
    """An overlap of boxes that lie apart."""

    def clamped(self, side):
        """Let it be."""
        return side


class UnclampedIou(Unclamped, Iou):
    """The same, without a hull."""


class Counted(Giou):
    """Areas added up."""

    def iou(self, inter, union, areas):
        """Forget the overlap."""
        return inter / (areas + EPS)


class Dice(Giou):
    """Twice the overlap over the areas."""

    def iou(self, inter, union, areas):
        """Return Dice."""
        return inter * 2.0 / (areas + EPS)


class Squared(Giou):
    """IoU squared."""

    def iou(self, inter, union, areas):
        """Square."""
        iou = super().iou(inter, union, areas)
        return iou * iou


class Rooted(Giou):
    """The root of IoU."""

    def iou(self, inter, union, areas):
        """Take it."""
        iou = super().iou(inter, union, areas)
        root = np.sqrt(iou.value)
        with np.errstate(all="ignore"):
            slope = np.where(root[:, None] > 0, iou.slope / (2 * root[:, None]), 0.0)
        return Number(root, slope)


class SquaredLoss(Giou):
    """The loss squared."""

    def loss(self, *corners):
        """Square."""
        loss = super().loss(*corners)
        return loss * loss


class RootedLoss(Giou):
    """The root of the loss."""

    def loss(self, *corners):
        """Take it."""
        loss = super().loss(*corners)
        root = np.sqrt(loss.value)
        with np.errstate(all="ignore"):
            return Number(root, loss.slope / (2 * root[:, None]))


class Similarity(Giou):
    """GIoU itself."""

    def loss(self, *corners):
        """Return what is to be large."""
        return -super().loss(*corners) + 1


class Negative(Giou):
    """Its negative."""

    def loss(self, *corners):
        """Return what is to be small, but 1 less."""
        return super().loss(*corners) + -1


class Layout(Giou):
    """Corners read as (x, y, w, h)."""

    read = ("pred", "target")

    def corners(self, pred, target):
        """Convert what needs no conversion."""
        found = super().corners(pred, target)
        for name, start in (("pred", 0), ("target", 4)):
            if name in self.read:
                x, y, w, h = found[start : start + 4]
                found[start : start + 4] = self.box(x, y, w, h)
        return found

    def box(self, x, y, w, h):
        """Return corners."""
        return [x, y, x + w, y + h]


class TargetLayout(Layout):
    """The target alone."""

    read = ("target",)


class Centred(Layout):
    """Corners read as (cx, cy, w, h)."""

    def box(self, x, y, w, h):
        """Return corners."""
        return [x - w * 0.5, y - h * 0.5, x + w * 0.5, y + h * 0.5]


class Other(Giou):
    """Another loss altogether."""

    def combined(self, iou, union, hull):
        """Return no GIoU."""
        return -iou + 1 + union / (hull + hull)
