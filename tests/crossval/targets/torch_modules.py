"""Losses in modules that own what they compare: targets for bindings and signatures."""

import torch

from tests.crossval.targets.torch_losses import ciou


class Boxes(torch.nn.Module):
    """Owns the predicted boxes."""

    def __init__(self, rows=3):
        super().__init__()
        self.boxes = torch.nn.Parameter(torch.zeros(rows, 4))

    def forward(self, target, eps=1e-7):
        """Compare them with the target."""
        return ciou(self.boxes, target, eps)


class Detached(Boxes):
    """Owns boxes that cannot learn."""

    def forward(self, target, eps=1e-7):
        """Cut the gradient of the parameter."""
        return ciou(self.boxes.detach(), target, eps)


class Head(torch.nn.Module):
    """Owns a module that owns the boxes, and shares their parameter."""

    def __init__(self):
        super().__init__()
        self.inner = Boxes()
        self.shared = self.inner.boxes

    def forward(self, target):
        """Read the boxes under their other name."""
        return ciou(self.shared, target)


class Buffer(torch.nn.Module):
    """Keeps the target boxes in a buffer, empty until they are known."""

    def __init__(self):
        super().__init__()
        self.register_buffer("truth", None)

    def forward(self, pred):
        """Compare with the buffer."""
        return ciou(pred, self.truth)


class Weighted(torch.nn.Module):
    """Owns a weight of one beside the boxes that it is given."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(()))

    def forward(self, pred, target):
        """Multiply by the weight: a float32 weight would not change a float64 loss's format."""
        return self.weight.reshape(1) * ciou(pred, target)


class Eps(torch.nn.Module):
    """Keeps eps in an attribute."""

    def __init__(self, eps=1e-7):
        super().__init__()
        self.eps = eps
        self.name = "ciou"

    def forward(self, pred, target):
        """Use the attribute."""
        return ciou(pred, target, self.eps)


class FrozenEps(Eps):
    """Keeps eps in an attribute that nothing reads."""

    def forward(self, pred, target):
        """Use the default."""
        return ciou(pred, target)
