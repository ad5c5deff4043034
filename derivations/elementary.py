# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Elementary functions for the compiled kernels
#
# A compiled kernel must give the same bits on every machine, and its error must be known. So it
# calls no mathematical library: exponential, logarithms and arctangent are derived here from
# $+\ -\ \times\ /$, fused multiply-add and operations on bits, in float and double. Each line of
# the C text comes from a call that also has a meaning in an arithmetic of rounding errors; the text
# is printed by one and proved by the other.
#
# | function | reduction | polynomial |
# |---|---|---|
# | `exp_` | $x = n \ln 2 + r$, $\lvert r\rvert \le \tfrac12 \ln 2$ | $e^r = 1 + r + r^2 p(r)$ |
# | `expm1_` | the same, $e^x - 1 = 2^n (e^r - 2^{-n})$ | the same |
# | `log_` | $x = 2^k (1 + f)$, $\tfrac34 \le 1 + f < \tfrac32$ | $\ln(1 + f) = f - \tfrac12 f^2 + f^3 p(f)$ |
# | `log1p_` | $1 + x = 2^k (1 + f)$, $f$ without error | the same |
# | `atan2_`, `atan_` | $j\,\tfrac{\pi}{4} \pm \arctan t$, $\lvert t\rvert \le \tan\tfrac{\pi}{8}$ | $\arctan t = t + t^3 p(t^2)$ |
# | `sin_`, `cos_` | $x = n \tfrac{\pi}{2} + r$, $\lvert r\rvert \le \tfrac{\pi}{4}$, $\tfrac{\pi}{2}$ and $r$ without error | $\sin r = r + r^3 p(r^2)$, $\cos r = 1 - \tfrac12 r^2 + r^4 p(r^2)$ |

# %%
"""Elementary functions: coefficients, certified distances, proved bounds, and the header."""

from refloss.symbolic import emit
from refloss.symbolic.elementary import (
    arctangent,
    circular,
    expm1,
    exponential,
    header,
    logarithm,
)
from refloss.symbolic.elementary.formats import DOUBLE, FORMATS, working_precision

# %% [markdown]
# ## Polynomials
#
# The exchange algorithm of Remez fits each $p$ to the quotient that its series defines. The leading
# coefficients are rounded in turn and the others fitted anew. Whatever comes out is then compared
# with the series: their difference is one polynomial with exact coefficients, bounded by balls on
# pieces that cover the interval, and a remainder.

# %%
if __name__ == "__main__":
    with working_precision():
        for form in FORMATS:
            for derive in (exponential.derive, expm1.derive, logarithm.derive, arctangent.derive):
                print(f"{form.name:6}  {header.fit_of(derive(form).curve)}")
            both = circular.derive(form)
            for curve in (both.sine, both.cosine):
                print(f"{form.name:6}  {header.fit_of(curve)}")

# %% [markdown]
# ## Roundings
#
# The error of a line is what its operands bring along and half a unit in the last place of the
# largest value that it can take, on every piece of the reduced interval. Additions whose loss is
# added back lose nothing. The last addition costs half a unit, and what came before is small
# against it. For the logarithm of $1 + f$ itself ($k = 0$) near the upper end of the interval:

# %%
if __name__ == "__main__":
    from flint import fmpq

    from refloss.symbolic.elementary.bounds import Bounds, exactly, span

    with working_precision():
        log = logarithm.derive(DOUBLE)
        f = exactly(span(fmpq(49, 100), fmpq(1, 2)))
        high, low = logarithm.core(Bounds(DOUBLE), log, f, exactly(0))
        print(f"sum of {high.value.str(3)} without error and {low.value.str(3)}")
        print(f"whose error is below {low.error.str(3, radius=False)}")

# %% [markdown]
# ## Bounds, proved for every argument
#
# In units in the last place of the true result.

# %%
if __name__ == "__main__":
    for function in header.functions():
        if function.ulps is not None:
            print(f"proved  {function.name:7} {function.form.name:6} {function.ulps:.3f} ulp")

# %% [markdown]
# ## The header

# %%
if __name__ == "__main__":
    print("\n".join(emit.write_files(header.files())))
