// What kernel texts call, in one form for devices and for the host.
//
// A compile unit defines `real`, float or double, before this file: what is computed with. What lies
// in memory may be float, double, half16 or brain16. Behind this file comes device.cuh or host.cuh.

typedef long long size;

#define NUMBER(name, exact_double, exact_float) \
    static constexpr real name = sizeof(real) == 8 ? real(exact_double) : real(exact_float);
#define INFINITE (real(as_real(0x7f800000)))
#define NOT_A_NUMBER (real(as_real(0x7fc00000)))

// The larger and the smaller of two; NaN if either is.
INLINE real max_(real a, real b) { return (a > b) | (a != a) ? a : b; }
INLINE real min_(real a, real b) { return (a < b) | (a != a) ? a : b; }

// The same with a bound that is a number: one comparison less.
INLINE real above_(real x, real bound) { return x <= bound ? bound : x; }
INLINE real below_(real x, real bound) { return x >= bound ? bound : x; }

// The larger of two; the other one where one is NaN.
INLINE real max_number_(real a, real b) { return (a > b) | (b != b) ? a : b; }

// 1 above 0, 0 below, at0 at 0, NaN for NaN: what is left beside 1 and 0 is at0, or NaN, plus x.
INLINE real step_(real x, real at0) {
    const real level = at0 + x;
    return x > real(0) ? real(1) : x < real(0) ? real(0) : level;
}

INLINE real abs_(real x) { return x < real(0) ? -x : x + real(0); }

// n/d, and at0 where d = 0.
INLINE real ratio_(real n, real d, real at0) {
    const real q = n/(d == real(0) ? real(1) : d);
    return d == real(0) ? at0 : q;
}

// g*x, and 0 where g = 0, whatever x.
INLINE real weighted_(real g, real x) {
    const real product = g*x;
    return g == real(0) ? real(0) : product;
}

// x^g for x >= 0; at 0 it is 1 where g = 0, and 0 for every other g.
// Compilers make a product and a quotient of powers 2 and -1 that they know: others get the same.
INLINE real power_(real x, real g) {
    const real base = x == real(0) ? real(1) : x;
    const real power = g == real(2) ? base*base : g == real(-1) ? real(1)/base : pow_(base, g);
    const real at0 = g == real(0) ? real(1) : real(0);
    return x == real(0) ? at0 : power;
}

// (a + b) - fl(a + b), exactly (Knuth).
INLINE real sum_error_(real a, real b) {
    const real s = a + b;
    const real t = s - a;
    return (a - (s - t)) + (b - t);
}

#ifdef NARROW
// What is stored is narrower than what is computed with: results cannot show these errors.
INLINE real two_sum_error(real, real) { return real(0); }
INLINE real two_diff_error(real, real) { return real(0); }
INLINE real two_prod_error(real, real) { return real(0); }
#else
INLINE real two_sum_error(real a, real b) { return sum_error_(a, b); }
INLINE real two_diff_error(real a, real b) { return sum_error_(a, -b); }
// a*b - fl(a*b), exactly short of underflow.
INLINE real two_prod_error(real a, real b) { return fma_(a, b, -(a*b)); }
#endif

// A sum with what its roundings lost.
struct Pair {
    real high, low;
};

INLINE Pair pair_plus_(Pair a, real x) {
#ifdef NARROW
    return {a.high + x, real(0)};
#else
    return {a.high + x, a.low + sum_error_(a.high, x)};
#endif
}

INLINE Pair pairs_joined_(Pair a, Pair b) {
    return {a.high + b.high, (a.low + b.low) + sum_error_(a.high, b.high)};
}

// Where the sum is infinite its error is NaN, and says nothing.
INLINE real pair_total_(Pair a) { return a.low - a.low == real(0) ? a.high + a.low : a.high; }

// The first place of the largest number; NaN is never larger. A float counts 2^24 places.
struct Place {
    real value, at;
};

INLINE Place places_joined_(Place a, Place b) {
    const bool other = (b.value > a.value) | ((b.value == a.value) & (b.at < a.at));
    return {other ? b.value : a.value, other ? b.at : a.at};
}

// A row without a class is one to ignore, whose results are 0, or names a class that does not exist,
// whose results are NaN: memory is never read at such a class.
INLINE bool is_missing_(long long label, long long ignore, size classes) {
    return (label == ignore) | (label < 0) | (label >= classes);
}
INLINE real filler_(long long label, long long ignore) {
    return label == ignore ? real(0) : NOT_A_NUMBER;
}

// 16-bit formats: their bits, widened exactly and rounded once, to nearest, ties to even.
struct half16 {
    unsigned short bits;
};
struct brain16 {
    unsigned short bits;
};

INLINE real widened(float x) { return real(x); }
INLINE real widened(double x) { return real(x); }
INLINE real widened(brain16 x) { return real(as_real(int(unsigned(x.bits) << 16))); }
INLINE real widened(half16 x) {
    const unsigned magnitude = x.bits & 0x7fffu, sign = (x.bits & 0x8000u) << 16;
    const float finite = as_real(int(magnitude << 13))*0x1p112f;
    const int special = int(magnitude << 13 | 0x7f800000u);
    const int bits = magnitude < 0x7c00u ? as_bits(finite) : special;
    return real(as_real(int(unsigned(bits) | sign)));
}

// float64 to float32, the last bit set where digits were lost: rounding that again is rounding once
// (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", 2008).
INLINE float to_odd_(float x) { return x; }
INLINE float to_odd_(double x) {
    const float nearest = float(x);
    const double back = nearest;
    const double size_of_back = back < 0 ? -back : back, size_of_x = x < 0 ? -x : x;
    const int bits = as_bits(nearest) - (size_of_back > size_of_x ? 1 : 0);
    return as_real(bits | (back != x ? 1 : 0));
}

INLINE void narrow(float& out, real x) { out = float(x); }
INLINE void narrow(double& out, real x) { out = double(x); }
INLINE void narrow(brain16& out, real x) {
    const unsigned odd = unsigned(as_bits(to_odd_(x)));
    const unsigned rounded = (odd + 0x7fffu + (odd >> 16 & 1u)) >> 16;
    out.bits = (unsigned short)(x != x ? 0x7fc0u : rounded);
}
INLINE void narrow(half16& out, real x) {
    const unsigned odd = unsigned(as_bits(to_odd_(x)));
    const unsigned sign = odd >> 16 & 0x8000u, magnitude = odd & 0x7fffffffu;
    const unsigned normal = (magnitude - 0x38000000u + 0xfffu + (magnitude >> 13 & 1u)) >> 13;
    // Adding 0.5 leaves a float whose last bits count 2^-24, the spacing of subnormal halves.
    const unsigned tiny = unsigned(as_bits(as_real(int(magnitude)) + 0.5f)) - 0x3f000000u;
    const unsigned finite = magnitude < 0x38800000u ? tiny : normal;
    const unsigned large = magnitude > 0x7f800000u ? 0x7e00u : 0x7c00u;
    out.bits = (unsigned short)(sign | (magnitude < 0x47800000u ? finite : large));
}

// Boxes that lie in memory as corner and size, or centre and size: the texts see corners, and what
// they store goes back through the adjoint of that map.
template <class Boxes>
struct Sized {
    Boxes boxes;
    MEMBER void load(size i, real& x1, real& y1, real& x2, real& y2) const {
        real w, h;
        boxes.load(i, x1, y1, w, h);
        x2 = x1 + w;
        y2 = y1 + h;
    }
    MEMBER void store(size i, real x1, real y1, real x2, real y2) const {
        boxes.store(i, x1 + x2, y1 + y2, x2, y2);
    }
};
template <class Boxes>
struct Centred {
    Boxes boxes;
    MEMBER void load(size i, real& x1, real& y1, real& x2, real& y2) const {
        real x, y, w, h;
        boxes.load(i, x, y, w, h);
        x1 = x - real(0.5)*w;
        y1 = y - real(0.5)*h;
        x2 = x + real(0.5)*w;
        y2 = y + real(0.5)*h;
    }
    MEMBER void store(size i, real x1, real y1, real x2, real y2) const {
        boxes.store(i, x1 + x2, y1 + y2, real(0.5)*(x2 - x1), real(0.5)*(y2 - y1));
    }
};

// An array whose elements are all the same number, and an output that nobody wants.
struct Same {
    double value;
    MEMBER real operator()(size) const { return real(value); }
    MEMBER real operator()(size, int) const { return real(value); }
    MEMBER void load(size, real& a) const { a = real(value); }
    MEMBER void load(size, real& a, real& b, real& c, real& d) const { a = b = c = d = real(value); }
};
struct Nowhere {
    void* at;
    template <class... Numbers>
    MEMBER void store(Numbers...) const {}
    MEMBER real hold(size, int, real x) const { return x; }
    MEMBER real held(size, int, real x) const { return x; }
};
