"""Programs as text: NumPy, arithmetic over F, LaTeX."""
