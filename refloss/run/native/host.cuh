// The prelude's loops on the host: plain loops over dense arrays, which the compiler vectorises.
//
// A fold keeps one partial result a lane, so that neighbouring classes go to different lanes and
// the order of every sum depends on the row alone.

#define KERNEL_RETURNS(type) extern "C" __attribute__((visibility("default"))) type
#define KERNEL KERNEL_RETURNS(void)


#ifdef __clang__
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define INDEPENDENT _Pragma("GCC ivdep")
#endif

#ifndef LANES
#define LANES int(256/sizeof(real))
#endif

template <class Body>
INLINE void over_items(size items, Body body) {
INDEPENDENT
    for (size i = 0; i < items; ++i) body(i);
}

template <class Body>
INLINE void over_rows(size rows, Body body) {
    for (size b = 0; b < rows; ++b) body(b);
}

template <class Body>
INLINE void over_classes(size classes, Body body) {
    const int whole = int(classes - classes % LANES);
    for (int first = 0; first < whole; first += LANES) {
INDEPENDENT
        for (int lane = 0; lane < LANES; ++lane) body(first + lane, lane);
    }
INDEPENDENT
    for (int c = whole; c < int(classes); ++c) body(c, c - whole);
}

INLINE bool leads() { return true; }

// Halves are joined until one lane is left.
template <class Join>
INLINE void over_halves(Join join) {
    for (int half = LANES/2; half; half /= 2) {
INDEPENDENT
        for (int lane = 0; lane < half; ++lane) join(lane, lane + half);
    }
}

struct Sum {
    real high[LANES] = {}, low[LANES] = {};
    MEMBER void put(int lane, Pair sum) { high[lane] = sum.high, low[lane] = sum.low; }
    MEMBER Pair get(int lane) const { return {high[lane], low[lane]}; }
    MEMBER void add(int lane, real x) { put(lane, pair_plus_(get(lane), x)); }
    MEMBER real result() {
        over_halves([&](int a, int b) { put(a, pairs_joined_(get(a), get(b))); });
        return pair_total_(get(0));
    }
};

struct First {
    real value[LANES], at[LANES];
    MEMBER First() {
        for (int lane = 0; lane < LANES; ++lane) value[lane] = -INFINITE, at[lane] = 0;
    }
    MEMBER void put(int lane, Place place) { value[lane] = place.value, at[lane] = place.at; }
    MEMBER Place get(int lane) const { return {value[lane], at[lane]}; }
    MEMBER void offer(int lane, real x, int c) {
        const bool more = x > value[lane];
        value[lane] = more ? x : value[lane];
        at[lane] = more ? real(c) : at[lane];
    }
    MEMBER int place() {
        over_halves([&](int a, int b) { put(a, places_joined_(get(a), get(b))); });
        return int(at[0]);
    }
};

struct Largest {
    real value[LANES];
    MEMBER Largest() {
        for (int lane = 0; lane < LANES; ++lane) value[lane] = -INFINITE;
    }
    MEMBER void offer(int lane, real x) { value[lane] = max_(value[lane], x); }
    MEMBER real result() {
        over_halves([&](int a, int b) { value[a] = max_(value[a], value[b]); });
        return value[0];
    }
};

// One number an item, or one a class.
template <class stored>
struct Column {
    stored* at;
    MEMBER real operator()(size i) const { return widened(at[i]); }
    MEMBER void load(size i, real& a) const { a = widened(at[i]); }
    MEMBER void store(size i, real a) const { narrow(at[i], a); }
};

// Four numbers an item.
template <class stored>
struct Quad {
    stored* at;
    MEMBER void load(size i, real& a, real& b, real& c, real& d) const {
        a = widened(at[4*i]);
        b = widened(at[4*i + 1]);
        c = widened(at[4*i + 2]);
        d = widened(at[4*i + 3]);
    }
    MEMBER void store(size i, real a, real b, real c, real d) const {
        narrow(at[4*i], a);
        narrow(at[4*i + 1], b);
        narrow(at[4*i + 2], c);
        narrow(at[4*i + 3], d);
    }
};

// The place of a number that is still to be stored holds another one meanwhile, if it has its type;
// else that one is computed again.
INLINE real held_in_(real& place, real x) { return place = x; }
template <class stored>
INLINE real held_in_(stored&, real x) { return x; }
INLINE real held_from_(const real& place, real) { return place; }
template <class stored>
INLINE real held_from_(const stored&, real again) { return again; }

// One number an item and class.
template <class stored>
struct Matrix {
    stored* at;
    size classes;
    MEMBER real operator()(size b, int c) const { return widened(at[b*classes + c]); }
    MEMBER void store(size b, int c, real x) const { narrow(at[b*classes + c], x); }
    MEMBER real hold(size b, int c, real x) const { return held_in_(at[b*classes + c], x); }
    MEMBER real held(size b, int c, real x) const { return held_from_(at[b*classes + c], x); }
};

// One class an item; `ignore` is none.
struct Labels {
    const long long* at;
    long long ignore;
    MEMBER int operator()(size b) const { return int(at[b]); }
    MEMBER bool missing(size b, size classes) const {
        return is_missing_(at[b], ignore, classes);
    }
    MEMBER real filler(size b) const { return filler_(at[b], ignore); }
};
