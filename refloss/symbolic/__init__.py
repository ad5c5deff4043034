"""The language of definitions: programs in index notation, their calculus, rules and printers.

Needs SymPy. Nothing at run time imports it: kernels are committed text.
"""
