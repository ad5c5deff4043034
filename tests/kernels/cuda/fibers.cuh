// The device form of a kernel text, run on the host: one fiber a thread of a block.
//
// Stands before a compile unit in place of a device's compiler. A thread runs until it waits: at
// __syncthreads for its block, at a shuffle or __syncwarp for its warp. Whose turn it is, is the
// schedule's: 0 forward, 1 in reverse, any other number the seed of a shuffle. A result that
// depends on the schedule is a race. Shared memory is NaN when a block starts.

#include <setjmp.h>
#include <stddef.h>
#include <string.h>
#include <ucontext.h>

#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#define __device__
#define __global__ __attribute__((visibility("default")))
#define __launch_bounds__(...)
#define __shared__ static __attribute__((section("shared_memory")))

struct Index3 {
    unsigned x = 0, y = 0, z = 0;
};
static Index3 threadIdx, blockIdx, blockDim, gridDim;

// Where the linker puts what is shared; there may be none.
extern "C" __attribute__((weak, visibility("hidden"))) char __start_shared_memory[];
extern "C" __attribute__((weak, visibility("hidden"))) char __stop_shared_memory[];

namespace fibers {

constexpr unsigned WARP = 32, THREADS = 1024;
constexpr size_t STACK = 1 << 17;
constexpr size_t LANE = 16;  // bytes that a shuffle moves at most

enum State { READY, AT_WARP, AT_BLOCK, DONE };

// Where a thread waits: all that are freed together must wait at the same place.
struct Site {
    const char* function;
    int line, distance;
    bool operator==(const Site& other) const {
        return function == other.function && line == other.line && distance == other.distance;
    }
};

struct Fiber {
    ucontext_t first;
    jmp_buf at;
    bool begun = false;
    std::unique_ptr<char[]> stack;
    State state = DONE;
    Site site = {};
    bool odd = false;  // which of its two lanes it wrote last
    alignas(16) char lane[2][LANE];
};

struct Body {
    virtual void run() = 0;
};

static Fiber all[THREADS];
static jmp_buf home;
static unsigned now;
static Body* body;
static const char* fault;
static unsigned long long seed;

static void failed(const char* why) {
    if (!fault) fault = why;
}

static unsigned drawn(unsigned n) {  // splitmix64
    unsigned long long x = seed += 0x9e3779b97f4a7c15ull;
    x = (x ^ x >> 30)*0xbf58476d1ce4e5b9ull;
    x = (x ^ x >> 27)*0x94d049bb133111ebull;
    return unsigned((x ^ x >> 31) % n);
}

// Returns when the thread has its turn again. Never inlined: whoever calls it must read threadIdx
// and all memory anew.
__attribute__((noinline, noclone)) static void pause(State state, Site site) {
    all[now].state = state;
    all[now].site = site;
    if (!_setjmp(all[now].at)) _longjmp(home, 1);
    __asm__ volatile("" ::: "memory");
}

static void entry() {
    for (;;) {
        body->run();
        pause(DONE, {});
    }
}

// setjmp and longjmp: no system call, but for the first turn of all.
__attribute__((noinline, noclone)) static void turn(unsigned thread) {
    now = thread;
    threadIdx.x = thread;
    Fiber& fiber = all[thread];
    if (_setjmp(home)) return;
    if (fiber.begun) _longjmp(fiber.at, 1);
    fiber.begun = true;
    setcontext(&fiber.first);
}

// Fibers live on from block to block; those of a fault hold threads that wait, and are made anew.
static void make(unsigned threads) {
    for (Fiber* fiber = all; fiber < all + threads; ++fiber) {
        if (fiber->begun) continue;
        if (!fiber->stack) fiber->stack.reset(new char[STACK]);
        getcontext(&fiber->first);
        fiber->first.uc_stack.ss_sp = fiber->stack.get();
        fiber->first.uc_stack.ss_size = STACK;
        fiber->first.uc_link = nullptr;
        makecontext(&fiber->first, entry, 0);
    }
}

// Says whether all of the threads [low, high) wait for each other.
static bool met(unsigned low, unsigned high, State state) {
    unsigned waiting = 0, gone = 0;
    for (unsigned t = low; t < high; ++t) {
        waiting += all[t].state == state;
        gone += all[t].state == DONE;
    }
    if (waiting && gone) failed("a barrier is reached by some threads only");
    return waiting == high - low;
}

static void freed(unsigned low, unsigned high) {
    for (unsigned t = low; t < high; ++t) {
        if (!(all[t].site == all[low].site)) failed("threads wait at different barriers");
        all[t].state = READY;
    }
}

// Orders 0 ... n - 1 as the schedule says.
static void ordered(std::vector<unsigned>& places, unsigned n, unsigned schedule) {
    places.resize(n);
    for (unsigned k = 0; k < n; ++k) places[k] = schedule == 1 ? n - 1 - k : k;
    if (schedule > 1) {
        for (unsigned k = n; k > 1; --k) std::swap(places[k - 1], places[drawn(k)]);
    }
}

static bool turns(const std::vector<unsigned>& threads, unsigned first) {
    bool any = false;
    for (unsigned t : threads) {
        if (all[first + t].state == READY) any = true, turn(first + t);
    }
    return any;
}

// One warp after another runs as far as it can.
static bool warps_run(unsigned threads, unsigned schedule) {
    static std::vector<unsigned> warps, lanes;
    bool any = false;
    ordered(warps, threads/WARP, schedule);
    ordered(lanes, WARP, schedule);
    for (unsigned warp : warps) {
        const unsigned low = warp*WARP;
        for (bool more = true; more; any |= more) {
            more = turns(lanes, low);
            if (met(low, low + WARP, AT_WARP)) more = true, freed(low, low + WARP);
        }
    }
    return any;
}

// Threads of all warps have one turn each. Some warps wait longer, so that they get out of step.
static bool threads_run(unsigned threads, unsigned schedule) {
    static std::vector<unsigned> order;
    ordered(order, threads, schedule);
    bool any = turns(order, 0);
    for (unsigned low = 0; low < threads; low += WARP) {
        if (!met(low, low + WARP, AT_WARP)) continue;
        any = true;
        if (drawn(4)) freed(low, low + WARP);
    }
    return any;
}

static void block_runs(unsigned threads, unsigned schedule) {
    if (__start_shared_memory) {
        memset(__start_shared_memory, 0xff, size_t(__stop_shared_memory - __start_shared_memory));
    }
    for (unsigned t = 0; t < threads; ++t) all[t].state = READY;
    for (bool more = true; more && !fault;) {
        more = schedule > 1 ? threads_run(threads, schedule) : warps_run(threads, schedule);
        if (met(0, threads, AT_BLOCK)) more = true, freed(0, threads);
    }
    for (unsigned t = 0; t < threads; ++t) {
        if (all[t].state != DONE) failed("threads wait at different barriers");
    }
}

static const char* launched(unsigned blocks, unsigned threads, unsigned schedule, Body& work) {
    static std::vector<unsigned> order;
    if (threads % WARP || threads > THREADS) return "a block is 32, 64, ... or 1024 threads";
    body = &work;
    fault = nullptr;
    seed = schedule;
    gridDim = {blocks, 1, 1};
    blockDim = {threads, 1, 1};
    make(threads);
    ordered(order, blocks, schedule);
    for (unsigned block : order) {
        blockIdx.x = block;
        if (!fault) block_runs(threads, schedule);
    }
    for (Fiber& fiber : all) fiber.begun &= !fault;
    return fault;
}

template <class T>
inline T exchanged(Site site, unsigned mask, T mine, int distance) {
    static_assert(std::is_trivially_copyable<T>::value && sizeof(T) <= LANE, "one lane");
    if (mask != 0xffffffffu) failed("a shuffle of a part of a warp");
    Fiber& me = all[now];
    me.odd = !me.odd;
    memcpy(me.lane[me.odd], &mine, sizeof(T));
    site.distance = distance;
    pause(AT_WARP, site);
    // Nobody writes this lane again before all have passed the next shuffle, and so have read it.
    memcpy(&mine, all[now ^ unsigned(distance)].lane[all[now].odd], sizeof(T));
    return mine;
}

// A kernel and its arguments, as pointers to them: what a device's driver takes.
template <class... Arguments>
struct Launch final : Body {
    void (*kernel)(Arguments...);
    void** arguments;
    Launch(void (*kernel)(Arguments...), void** arguments) : kernel(kernel), arguments(arguments) {}
    template <size_t... At>
    void call(std::index_sequence<At...>) {
        kernel(*static_cast<std::decay_t<Arguments>*>(arguments[At])...);
    }
    void run() override { call(std::index_sequence_for<Arguments...>()); }
};

}  // namespace fibers

#define FIBER_SITE \
    fibers::Site { __PRETTY_FUNCTION__, __LINE__, 0 }
#define __syncthreads() fibers::pause(fibers::AT_BLOCK, FIBER_SITE)
#define __syncwarp(...) fibers::pause(fibers::AT_WARP, FIBER_SITE)
#define __shfl_xor_sync(...) fibers::exchanged(FIBER_SITE, __VA_ARGS__)

// Stands behind a unit: `LAUNCHED(ciou_grad)` defines what Python calls.
#define LAUNCHED(name)                                                                    \
    extern "C" __attribute__((visibility("default"))) const char* launch_##name(          \
        unsigned blocks, unsigned threads, unsigned schedule, void** arguments) {         \
        fibers::Launch work(name, arguments);                                             \
        return fibers::launched(blocks, threads, schedule, work);                         \
    }
