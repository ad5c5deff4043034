"""What is no loss but decides what a loss does: schedules of a margin, and decision boundaries."""

from refloss.selection.schedules import SCHEDULES, Schedule, annealing

__all__ = ["SCHEDULES", "Schedule", "annealing"]
