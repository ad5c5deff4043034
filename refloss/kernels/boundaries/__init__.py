"""Generated decision boundaries: one module a program, and what the losses make of them."""
