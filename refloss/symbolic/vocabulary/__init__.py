"""Functions that name quantities, each with a plain and a stable body."""
