"""Elementary functions for the compiled texts, each derived with a proved bound on its error.

A function is a reduction of its argument to a short interval, a polynomial there, and a way back.
The polynomial is fitted (`remez`, `fitting`), its distance from the function certified over the
whole interval (`certify`), and the rounding of every operation bounded by running the *same* lines
that are printed in an arithmetic of bounds (`bounds`), so the text and its proof cannot differ.
"""
