"""Heads for autograd, written out from the papers and from nothing of refloss.

The cosine is the product of two vectors over their lengths, one class at a time, each embedding
before classes of its own. The loss is the log-sum-exp of every logit less the target's.
CosFace: Wang et al. 2018, equation 4. NormFace: Wang et al. 2017, equation 5. Modified softmax: Liu
et al. 2017, equation 3. L2-constrained softmax: Ranjan et al. 2017, equation 3. Sub-centre ArcFace:
Deng et al. 2020, section 3.2. SphereFace and L-Softmax: Liu et al. 2017, equation 7, and 2016,
equation 6. Logits of angles with a margin: `crossval.oracles.angular_forwards`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from crossval.oracles.angular_forwards import combined, multiplied, rotated

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["HEAD_FORWARDS"]

Constants = Mapping[str, float]


def _length(vectors: Tensor, constants: Constants, name: str) -> Tensor:
    """Return the length of every vector, with eps where a convention has it."""
    size = (vectors.square().sum(dim=-1) + constants[f"eps_{name}_inside"]).sqrt()
    return size.clamp(min=constants[f"least_{name}"]) + constants[f"eps_{name}_added"]


def _loss(logits: Tensor, labels: Tensor) -> Tensor:
    own = logits.gather(1, labels[:, None])
    return (logits - own).logsumexp(dim=1)


def _products(x: Tensor, weight: Tensor, constants: Constants) -> tuple[Tensor, Tensor]:
    """Return products of embeddings and classes, and those of the lengths that both keep."""
    import torch

    if not constants["projected"]:  # what is divided replaces the class itself
        unit = weight / _length(weight, constants, "weight")[..., None]
        products = (x[:, None] * (unit.detach() + (weight - weight.detach()))).sum(dim=2)
        size = _length(x, constants, "x")[:, None].expand_as(products)
        return (products, size) if constants["keeps_x"] else (products / size, size * 0 + 1)
    products = (weight * x[:, None]).sum(dim=2)
    kept = torch.ones_like(products)
    for vectors, name in ((x[:, None], "x"), (weight, "weight")):
        size = _length(vectors, constants, name)
        if constants[f"keeps_{name}"]:
            kept = kept * size
        else:
            products = products / size
    return products, kept


def _by_margin(
    x: Tensor, weight: Tensor, labels: Tensor, bias: Tensor | None, constants: Constants
) -> Tensor:
    """Return the loss of scaled cosines, the target's less a margin, by lengths that are kept."""
    import torch

    logits, reach = _products(x, weight, constants)
    hot = torch.nn.functional.one_hot(labels, weight.shape[1])
    margin = constants.get("margin", 0.0)
    return _loss(constants["scale"] * (logits - margin * reach * hot), labels)


def _with_biases(
    x: Tensor, weight: Tensor, labels: Tensor, bias: Tensor | None, constants: Constants
) -> Tensor:
    """Return the loss of embeddings of one length before classes with biases."""
    assert bias is not None
    return _loss(constants["scale"] * _products(x, weight, constants)[0] + bias, labels)


def _by_angle(logit: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Return the head whose target logit is a function of its cosine, by lengths that are kept."""

    def forward(
        x: Tensor, weight: Tensor, labels: Tensor, bias: Tensor | None, constants: Constants
    ) -> Tensor:
        products, reach = _products(x, weight, constants)
        at = labels[:, None]
        cosine, theta = _own(x, weight, labels, constants)
        own = logit(cosine, theta, {**constants, "scale": 1.0})[:, None]
        own = reach.gather(1, at) * own
        return _loss(constants["scale"] * products.scatter(1, at, own), labels)

    return forward


def _own(x: Tensor, weight: Tensor, labels: Tensor, constants: Constants) -> tuple[Tensor, Tensor]:
    """Return the cosine of the angle to the label's class, and the angle."""
    import torch

    own = weight[torch.arange(len(labels)), labels]
    x = x / _length(x, constants, "x")[:, None]
    unit = own / _length(own, constants, "weight")[:, None]
    if constants["projected"]:
        return (x * unit).sum(dim=1), _between(x, unit)
    cosine = (x * (unit.detach() + (own - own.detach()))).sum(dim=1)
    theta = _between(x, unit).detach()  # which moves with the cosine, not with a class of length 1
    return cosine, theta - (cosine - cosine.detach()) / theta.sin()


def _multiple(times: int) -> Callable[..., Tensor]:
    """Return the logit of a multiple of the angle, a polynomial of the cosine that goes on falling.

    The cosine of a multiple is 2 cos times that of one less, minus that of two less. A border
    cos(k pi/m) is the sine of what is left to a right angle, which is 0 where it ought to be.
    """
    borders = [math.sin((times - 2 * k) * math.pi / (2 * times)) for k in range(1, times)]

    def logit(cosine: Tensor, theta: Tensor, c: Constants) -> Tensor:
        import torch

        last, multiple = torch.ones_like(cosine), cosine
        for _ in range(times - 1):
            last, multiple = multiple, 2 * cosine * multiple - last
        passed = [cosine.detach() <= border for border in borders]
        turn = c["falls"] * sum(passed, torch.zeros_like(cosine))
        psi = (1 - 2 * (turn % 2)) * multiple - 2 * turn
        blend = (c["annealing"] * cosine + psi) / (1 + c["annealing"])
        return blend if c["attached"] else cosine + (blend - cosine).detach()

    return logit


def _by_nearest(
    x: Tensor, weight: Tensor, labels: Tensor, bias: Tensor | None, constants: Constants
) -> Tensor:
    """Return the loss of scaled cosines with the nearest of several centres of every class."""
    import torch

    x = x / _length(x, constants, "x")[:, None]
    weight = weight / _length(weight, constants, "weight")[..., None]
    cosines, nearest = (weight * x[:, None, None]).sum(dim=3).max(dim=2)
    row = torch.arange(len(labels))
    own, theta = cosines[row, labels], _between(x, weight[row, labels, nearest[row, labels]])
    logits = (constants["scale"] * cosines).scatter(
        1, labels[:, None], rotated(own, theta, constants)[:, None]
    )
    return _loss(logits, labels)


def _between(u: Tensor, v: Tensor) -> Tensor:
    """Return the angle between vectors, also where it is small (Kahan); of unit ones the cosine's.

    Vectors that eps has made shorter have the angle whose cosine is their product.
    """
    import torch

    short = 1 - (u * u).sum(dim=-1) * (v * v).sum(dim=-1) > 2.0**-40
    cosine = (u * v).sum(dim=-1)
    sine = torch.where(short, (1 - cosine) * (1 + cosine), 1.0).sqrt()
    apart, along = (u - v).norm(dim=-1), (u + v).norm(dim=-1)
    return torch.where(short, torch.atan2(sine, cosine), 2 * torch.atan2(apart, along))


HEAD_FORWARDS: dict[str, Callable[..., Any]] = {
    "modified_softmax": _by_margin,
    "normface": _by_margin,
    "cosface": _by_margin,
    "l2_softmax": _with_biases,
    "subcenter_arcface": _by_nearest,
    "arcface": _by_angle(rotated),
    "combined_margin": _by_angle(combined),
    "combined_multiple": _by_angle(multiplied),
    **{
        f"{name}_{times}": _by_angle(_multiple(times))
        for name in ("sphereface", "l_softmax")
        for times in range(1, 6)
    },
}
"""Hand-written forwards of heads by program."""
