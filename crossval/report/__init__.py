"""Renderings of certificates; the data is complete in every one of them that is a file."""
