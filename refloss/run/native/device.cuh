// The prelude's loops on a device: a thread an item, a group of GROUP threads a row.
//
// GROUP is 32 (a warp, several of them a block) or the size of the block. All threads of a group
// run through a row together: a fold is a barrier that every one of them reaches. Partial results
// are joined in an order that depends on GROUP alone, so that results repeat bit for bit.

// Told of no number of blocks, ptxas puts words of narrow kernels, and of those with very many
// quantities, aside in memory to fit one more block into a multiprocessor than registers allow.
#if defined(NARROW) || defined(LENGTHY)
#define KERNEL extern "C" __global__ void __launch_bounds__(BLOCK, 1)
#else
#define KERNEL extern "C" __global__ void __launch_bounds__(BLOCK)
#endif

template <class Body>
INLINE void over_items(size items, Body body) {
    const size step = size(gridDim.x)*blockDim.x;
    for (size i = size(blockIdx.x)*blockDim.x + threadIdx.x; i < items; i += step) body(i);
}

template <class Body>
INLINE void over_rows(size rows, Body body) {
    const size groups = size(gridDim.x)*(blockDim.x/GROUP);
    for (size b = size(blockIdx.x)*(blockDim.x/GROUP) + threadIdx.x/GROUP; b < rows; b += groups) {
        body(b);
    }
}

template <class Body>
INLINE void over_classes(size classes, Body body) {
    for (int c = int(threadIdx.x % GROUP); c < int(classes); c += GROUP) body(c, 0);
}

INLINE bool leads() { return threadIdx.x % GROUP == 0; }

INLINE float exchanged_(float x, int distance) {
    return __shfl_xor_sync(0xffffffffu, x, distance);
}
INLINE double exchanged_(double x, int distance) {
    return __shfl_xor_sync(0xffffffffu, x, distance);
}
INLINE Pair exchanged_(Pair x, int distance) {
    return {exchanged_(x.high, distance), exchanged_(x.low, distance)};
}
INLINE Place exchanged_(Place x, int distance) {
    return {exchanged_(x.value, distance), exchanged_(x.at, distance)};
}

// One number a thread joined to one a group, the same in all its threads; `join` is commutative.
template <class Number, class Join>
INLINE Number joined_(Number mine, Join join) {
    for (int distance = 16; distance; distance /= 2) mine = join(mine, exchanged_(mine, distance));
#if GROUP > 32
    __shared__ Number warps[GROUP/32];
    if (threadIdx.x % 32 == 0) warps[threadIdx.x/32] = mine;
    __syncthreads();
    mine = warps[0];
    for (int warp = 1; warp < GROUP/32; ++warp) mine = join(mine, warps[warp]);
    __syncthreads();
#endif
    return mine;
}

struct Sum {
    Pair mine = {real(0), real(0)};
    MEMBER void add(int, real x) { mine = pair_plus_(mine, x); }
    MEMBER real result() {
        return pair_total_(joined_(mine, [](Pair a, Pair b) { return pairs_joined_(a, b); }));
    }
};

struct First {
    Place mine = {-INFINITE, real(0)};
    MEMBER void offer(int, real x, int c) {
        const bool more = x > mine.value;
        mine = {more ? x : mine.value, more ? real(c) : mine.at};
    }
    MEMBER int place() {
        return int(joined_(mine, [](Place a, Place b) { return places_joined_(a, b); }).at);
    }
};

struct Largest {
    real mine = -INFINITE;
    MEMBER void offer(int, real x) { mine = max_(mine, x); }
    MEMBER real result() {
        return joined_(mine, [](real a, real b) { return max_(a, b); });
    }
};

// Arrays of any strides, counted in elements. `whole`: rows of four lie together and aligned, and
// are moved in one piece.
template <class stored>
struct Column {
    stored* at;
    size step;
    MEMBER real operator()(size i) const { return widened(at[i*step]); }
    MEMBER void load(size i, real& a) const { a = widened(at[i*step]); }
    MEMBER void store(size i, real a) const { narrow(at[i*step], a); }
};

template <class stored>
struct alignas(4*sizeof(stored) < 16 ? 4*sizeof(stored) : 16) Four {
    stored at[4];
};

template <class stored>
struct Quad {
    stored* at;
    size step, inner, whole;
    MEMBER void load(size i, real& a, real& b, real& c, real& d) const {
        Four<stored> four;
        if (whole) {
            four = reinterpret_cast<const Four<stored>*>(at)[i];
        } else {
            for (int k = 0; k < 4; ++k) four.at[k] = at[i*step + k*inner];
        }
        a = widened(four.at[0]);
        b = widened(four.at[1]);
        c = widened(four.at[2]);
        d = widened(four.at[3]);
    }
    MEMBER void store(size i, real a, real b, real c, real d) const {
        Four<stored> four;
        narrow(four.at[0], a);
        narrow(four.at[1], b);
        narrow(four.at[2], c);
        narrow(four.at[3], d);
        if (whole) {
            reinterpret_cast<Four<stored>*>(at)[i] = four;
        } else {
            for (int k = 0; k < 4; ++k) at[i*step + k*inner] = four.at[k];
        }
    }
};

// What may be held between passes over a row is computed again: that costs less than memory.
template <class stored>
struct Matrix {
    stored* at;
    size step, inner;
    MEMBER real operator()(size b, int c) const { return widened(at[b*step + c*inner]); }
    MEMBER void store(size b, int c, real x) const { narrow(at[b*step + c*inner], x); }
    MEMBER real hold(size, int, real x) const { return x; }
    MEMBER real held(size, int, real x) const { return x; }
};

struct Labels {
    const long long* at;
    size step;
    long long ignore;
    MEMBER int operator()(size b) const { return int(at[b*step]); }
    MEMBER bool missing(size b, size classes) const {
        return is_missing_(at[b*step], ignore, classes);
    }
    MEMBER real filler(size b) const { return filler_(at[b*step], ignore); }
};
