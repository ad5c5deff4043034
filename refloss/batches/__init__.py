"""Losses of whole batches of embeddings: all tuples that labels allow, or that were mined."""

from refloss.batches.pairs import PairBatch, contrastive_batch

__all__ = ["PairBatch", "contrastive_batch"]
