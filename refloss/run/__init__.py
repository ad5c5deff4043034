"""How text becomes calls: arrays, rounding, lowering, blocks, and the loader of kernels."""
