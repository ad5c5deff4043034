"""What is no loss but decides what a loss does: schedules of a margin, and decision boundaries."""

from refloss.selection.boundaries import (
    angular_margin,
    boundary_losses,
    boundary_range,
    decision_boundary,
)
from refloss.selection.schedules import SCHEDULES, Schedule, annealing

__all__ = [
    "SCHEDULES",
    "Schedule",
    "angular_margin",
    "annealing",
    "boundary_losses",
    "boundary_range",
    "decision_boundary",
]
