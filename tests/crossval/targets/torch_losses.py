"""CIoU in PyTorch, right and subtly wrong: targets for the judge's own tests."""

import math

import torch


def ciou(
    pred,
    target,
    eps=1e-7,
    *,
    detach=True,
    factor=4 / math.pi**2,
    eps_alpha=None,
):
    """Return CIoU of aligned corners with detectron2's eps placement, robust at h = 0."""
    if pred.shape != target.shape:
        raise ValueError(f"shapes differ: {tuple(pred.shape)}, {tuple(target.shape)}")
    px1, py1, px2, py2 = pred.unbind(-1)
    tx1, ty1, tx2, ty2 = target.unbind(-1)
    iw = torch.relu(torch.minimum(px2, tx2) - torch.maximum(px1, tx1))
    ih = torch.relu(torch.minimum(py2, ty2) - torch.maximum(py1, ty1))
    inter = iw * ih
    pw, ph, tw, th = px2 - px1, py2 - py1, tx2 - tx1, ty2 - ty1
    iou = inter / (pw * ph + tw * th - inter + eps)
    cw = torch.maximum(px2, tx2) - torch.minimum(px1, tx1)
    ch = torch.maximum(py2, ty2) - torch.minimum(py1, ty1)
    rho = ((px1 + px2 - tx1 - tx2) ** 2 + (py1 + py2 - ty1 - ty2) ** 2) / 4
    distance = rho / (cw**2 + ch**2 + eps)
    v = factor * (_angle(tw, th) - _angle(pw, ph)) ** 2
    alpha = v / (1 - iou + v + (eps if eps_alpha is None else eps_alpha))
    return 1 - iou + distance + (alpha.detach() if detach else alpha) * v


def _angle(w, h):
    point = (w == 0) & (h == 0)
    return torch.atan2(torch.where(point, 0, w), torch.where(point, 1, h))


def attached(pred, target, eps=1e-7):
    """Let the gradient pass through alpha."""
    return ciou(pred, target, eps, detach=False)


def four_over_pi(pred, target, eps=1e-7):
    """Use 4/pi, as blogs print it."""
    return ciou(pred, target, eps, factor=4 / math.pi)


def eps_ignored(pred, target, eps=1e-7):
    """Take eps and use 1e-7."""
    return ciou(pred, target)


def eps_in_alpha_only(pred, target, eps=1e-7):
    """Forward eps to alpha but not to the rest, as torchvision does."""
    return ciou(pred, target, eps_alpha=eps)


def reads_xywh(pred, target, eps=1e-7):
    """Take corners for corner and size."""
    return ciou(
        *(torch.cat([b[..., :2], b[..., :2] + b[..., 2:]], -1) for b in (pred, target)), eps
    )


def float32_inside(pred, target, eps=1e-7):
    """Compute float64 input in float32."""
    return ciou(pred.float(), target.float(), eps).to(pred.dtype)


def changes_input(pred, target, eps=1e-7):
    """Clamp the target in place, behind autograd's back."""
    with torch.no_grad():
        target.clamp_(max=50.0)
    return ciou(pred, target, eps)


def detached_target(pred, target, eps=1e-7):
    """Treat the target as a constant."""
    return ciou(pred, target.detach(), eps)


def textbook_alpha(pred, target, eps=1e-7):
    """Leave eps out of alpha: 0/0 at identical boxes in float32."""
    return ciou(pred, target, eps, eps_alpha=0.0)


def mean(pred, target):
    """Reduce, where per-item losses are wanted."""
    return ciou(pred, target).mean()


class Module(torch.nn.Module):
    """A loss with a constructor argument."""

    def __init__(self, scale):
        super().__init__()
        self.scale = scale

    def forward(self, first, second, reduction="none"):
        """Return scaled CIoU."""
        return self.scale * ciou(first, second)
