"""Target logits with an angular margin as repositories write them, and with one slip each."""

import math

import torch

M, S = 0.5, 64.0


def sine(cosine):
    return torch.sqrt(((1 - cosine) * (1 + cosine)).clamp(min=0))


def rotated(cosine, margin=M):
    return cosine * math.cos(margin) - sine(cosine) * math.sin(margin)


def inside(cosine):
    """Return cosines with whose sines a root can be differentiated."""
    return torch.where(cosine.abs() < 1, cosine, torch.zeros_like(cosine))


def finite(cosine, logit, margin=M):
    """Return a logit whose slope at both ends is the margin's cosine, and not infinite."""
    return torch.where(cosine.abs() < 1, logit(inside(cosine)), cosine * math.cos(margin))


def raw(cosine):
    return S * finite(cosine, rotated)


def cos_fallback(cosine):
    fallback = cosine - M * math.sin(M)
    return S * torch.where(cosine > -math.cos(M), finite(cosine, rotated), fallback)


def easy(cosine):
    return S * torch.where(cosine > 0, finite(cosine, rotated), cosine)


def mirror(cosine):
    logit = finite(cosine, rotated)
    return S * torch.where(cosine > -math.cos(M), logit, -2 - logit)


def least(cosine):
    return S * torch.where(cosine > -math.cos(M / 2), finite(cosine, rotated), cosine)


def angle_clip(cosine):
    low = torch.full_like(cosine, -math.cos(1e-5))
    return S * torch.where(cosine > -math.cos(M + 1e-5), finite(cosine, rotated), low)


def straight_through(cosine):
    with torch.no_grad():
        moved = rotated(cosine)
    return S * (cosine + (moved - cosine).detach())


def degrees(cosine):
    """28.6 radians, where degrees were meant."""
    return S * (cosine * math.cos(28.6) - sine(cosine) * math.sin(28.6))


def away(cosine):
    return S * rotated(cosine, -M)


def from_the_cosine(cosine):
    return S * (cosine - M)


def unscaled(cosine):
    return finite(cosine, rotated)


def arc_cosine(cosine):
    return S * torch.cos(torch.acos(cosine) + M)


def of_degrees(cosine):
    margin = math.radians(28.6)
    logit = finite(cosine, lambda c: rotated(c, margin), margin)
    return S * torch.where(cosine > -math.cos(margin), logit, -2 - logit)


def sphereface(cosine, times=4):
    """Return the logit with its branch by the cosines of borders, and a polynomial's multiple."""
    borders = (0.5**0.5, 0.0, -(0.5**0.5)) if times == 4 else (0.0,)
    turn = sum((cosine <= border).to(cosine) for border in borders)
    square = cosine * cosine
    multiple = 8 * square * square - 8 * square + 1 if times == 4 else 2 * square - 1
    return (1 - 2 * (turn % 2)) * multiple - 2 * turn


def doubled(cosine):
    return sphereface(cosine, 2)


def bare_multiple(cosine):
    square = cosine * cosine
    return 8 * square * square - 8 * square + 1


def cosface(cosine):
    return 64.0 * (cosine - 0.4)


def combined(cosine):
    return 64.0 * (finite(cosine, lambda c: rotated(c, 0.3), 0.3) - 0.2)


def separate(cosine):
    return 64.0 * (cosine - 0.2)


def multiplied(cosine, times=1.7, margin=0.25, less=0.125):
    """Return the cosine of a multiple and a margin, mirrored; the slope at ends is no infinity."""
    inner = inside(cosine)
    psi = torch.cos(times * torch.atan2(sine(inner), inner) + margin) - less
    guarded = cosine <= math.cos((math.pi - margin) / times)
    far = math.cos(times * math.pi + margin)
    end = torch.where(cosine > 0, math.cos(margin), far) - less
    end = end + (cosine - cosine.detach()) * times**2 * torch.where(
        cosine > 0, math.cos(margin), -far
    )
    psi = torch.where(cosine.abs() < 1, psi, end)
    return S * torch.where(guarded, -2 * (1 + less) - psi, psi)


def sphereface_r(cosine):
    with torch.no_grad():
        turned = 1.7 * torch.acos(cosine.clamp(-1 + 1e-5, 1 - 1e-5))
        turn = torch.floor(turned / math.pi)
        psi = (1 - 2 * torch.remainder(turn, 2)) * torch.cos(turned) - 2 * turn
    return 30 * (cosine + (psi - cosine).detach())
