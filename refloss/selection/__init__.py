"""What is no loss but decides what one does: what it trains on, its schedule, its boundaries."""

from refloss.selection.boundaries import (
    angular_margin,
    boundary_losses,
    boundary_range,
    decision_boundary,
)
from refloss.selection.centers import CENTER_UPDATES, CenterUpdate, update_centers
from refloss.selection.conditions import CONDITIONS, triplet_condition
from refloss.selection.distances import METRICS, pairwise_distances
from refloss.selection.matching import BACKGROUND, IGNORED, Matches, match_boxes
from refloss.selection.miners import (
    batch_hard,
    mine_triplets,
    multi_similarity_pairs,
    semi_hard,
)
from refloss.selection.overlaps import SIMILARITIES, box_similarity
from refloss.selection.sampling import SHORT, pk_batch, pk_epoch
from refloss.selection.schedules import SCHEDULES, Schedule, annealing
from refloss.selection.silhouette import (
    ClassSilhouettes,
    silhouette_by_class,
    silhouette_samples,
    silhouette_score,
)
from refloss.selection.suppression import nms
from refloss.selection.tuples import Pairs, Triplets, all_pairs, all_triplets

__all__ = [
    "BACKGROUND",
    "CENTER_UPDATES",
    "CONDITIONS",
    "IGNORED",
    "METRICS",
    "SCHEDULES",
    "SHORT",
    "SIMILARITIES",
    "CenterUpdate",
    "ClassSilhouettes",
    "Matches",
    "Pairs",
    "Schedule",
    "Triplets",
    "all_pairs",
    "all_triplets",
    "angular_margin",
    "annealing",
    "batch_hard",
    "boundary_losses",
    "boundary_range",
    "box_similarity",
    "decision_boundary",
    "match_boxes",
    "mine_triplets",
    "multi_similarity_pairs",
    "nms",
    "pairwise_distances",
    "pk_batch",
    "pk_epoch",
    "semi_hard",
    "silhouette_by_class",
    "silhouette_samples",
    "silhouette_score",
    "triplet_condition",
    "update_centers",
]
