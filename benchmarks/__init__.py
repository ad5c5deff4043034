"""Speed of the shipped kernels beside other implementations. No test asserts on time."""
