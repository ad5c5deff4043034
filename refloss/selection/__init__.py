"""What is no loss but decides what one does: what it trains on, its schedule, its boundaries."""

from refloss.selection.boundaries import (
    angular_margin,
    boundary_losses,
    boundary_range,
    decision_boundary,
)
from refloss.selection.distances import METRICS, pairwise_distances
from refloss.selection.schedules import SCHEDULES, Schedule, annealing

__all__ = [
    "METRICS",
    "SCHEDULES",
    "Schedule",
    "angular_margin",
    "annealing",
    "boundary_losses",
    "boundary_range",
    "decision_boundary",
    "pairwise_distances",
]
