"""Pinned, versioned points on the grid of the format under test; strategies that draw more."""
