"""Generated kernels: committed text, one module a program and target."""
