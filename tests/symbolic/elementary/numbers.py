"""The operations of the texts on exact rationals: rounded as a machine does, or not at all."""

from flint import arb, fmpq

from refloss.symbolic.elementary.formats import exponent_of, nearest, power


class Rounding:
    """Every operation rounds to the format."""

    def __init__(self, form):
        self.form = form

    def rounded(self, value):
        """Round to nearest, ties to even, subnormals included."""
        least = power(self.form.least - self.form.stored)
        places = exponent_of(arb(value)) - (self.form.least - self.form.stored)
        if value != 0 and places < self.form.precision:
            below = int(value.p) * int(least.q) // int(value.q)
            return min((below * least, (below + 1) * least), key=lambda c: abs(c - value))
        return nearest(value, self.form.precision)

    def loose(self, value):
        """Round what the error bounds speak of."""
        return self.rounded(value)

    def constant(self, value):
        assert self.rounded(fmpq(value)) == value
        return fmpq(value)

    def let(self, name, quantity, why=""):
        return quantity

    def neg(self, a):
        return -a

    def mul(self, a, b):
        return self.loose(a * b)

    def mul_exactly(self, a, b):
        assert self.form.precision == 0 or self.loose(a * b) == a * b
        return a * b

    def add(self, a, b):
        return self.loose(a + b)

    def fma(self, a, b, c):
        return self.loose(a * b + c)

    def fast_two_sum(self, names, a, b):
        whole = self.rounded(a + b)
        difference = self.rounded(a - whole)
        rest = self.rounded(difference + b)
        assert whole + rest == a + b, "a fast sum lost something"
        return whole, rest

    def fma_with_rest(self, names, a, c):
        whole = self.rounded(a * c + c)
        assert self.rounded(c - whole) == c - whole, "the difference rounded"
        return whole, self.loose(a * c + c - whole)

    def one_less(self, names, a, b):
        whole = self.rounded(1 - a * b)
        assert self.rounded(1 - whole) == 1 - whole, "the difference rounded"
        return whole, self.loose(1 - a * b - whole)

    def horner(self, name, x, coefficients):
        result = coefficients[-1]
        for coefficient in reversed(coefficients[:-1]):
            result = self.fma(result, x, coefficient)
        return result


class Exact(Rounding):
    """Nothing rounds but the sums whose loss is kept: the values that error bounds refer to."""

    def loose(self, value):
        return value
