"""The mathematics: one module per family, importable and a notebook in percent format."""
