"""The witnesses: certified truth, independent autograd, finite differences, and the metric.

Each module holds one witness or one arithmetic.  Importing this package loads none of them, so
that flint, torch and scipy are paid for only by those who ask.
"""
