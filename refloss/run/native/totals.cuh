// Sums over all items of a batch on a device, in double, in two launches.
//
// The first adds up PARTS shares of the items, the second the shares. Each share and each thread's
// part of it are fixed by the number of items, and every sum carries what its roundings lost: the
// result is the same on every device, for every number of blocks, and has the accuracy of twice
// the working precision. There are no atomics, and nothing goes back to the host.

// Shares: the sum and its error of each.
struct Parts {
    double* at;
    size count;
};

template <class Number>
INLINE void share_out(size items, Parts parts, Number number) {
    over_rows(parts.count, [&](size part) {
        Pair mine = {real(0), real(0)};
        for (size i = part*BLOCK + threadIdx.x; i < items; i += parts.count*BLOCK) {
            mine = pair_plus_(mine, number(i));
        }
        const Pair sum = joined_(mine, [](Pair a, Pair b) { return pairs_joined_(a, b); });
        if (leads()) parts.at[2*part] = sum.high, parts.at[2*part + 1] = sum.low;
    });
}

// The sum of all shares, and a number that is one already.
INLINE real total_of(Parts parts) {
    Pair mine = {real(0), real(0)};
    for (size part = threadIdx.x; part < parts.count; part += BLOCK) {
        mine = pairs_joined_(mine, {parts.at[2*part], parts.at[2*part + 1]});
    }
    return pair_total_(joined_(mine, [](Pair a, Pair b) { return pairs_joined_(a, b); }));
}
template <class One>
INLINE real total_of(One one) {
    return one(0);
}

KERNEL total_numbers(size items, ARRAY(numbers) numbers_in, Parts parts_out) {
    share_out(items, parts_out, [&](size i) { return numbers_in(i); });
}

// The weights of the rows that are kept; NaN where a class does not exist.
KERNEL total_kept(
    size items, size classes, Labels target_in, ARRAY(weight) weight_in, Parts parts_out) {
    share_out(items, parts_out, [&](size i) {
        const bool missing = target_in.missing(i, classes);
        const real weight = weight_in(missing ? 0 : target_in(i));
        return missing ? target_in.filler(i) : weight;
    });
}

// The numbers of all rows that are 1, or the rows that have one.
KERNEL total_ones(
    size items, size columns, ARRAY(relations) relations_in, Same once, Parts parts_out) {
    share_out(items, parts_out, [&](size i) {
        real count = real(0);
        for (int c = 0; c < int(columns); ++c) count += real(relations_in(i, c) == real(1) ? 1 : 0);
        return once(0) == real(0) ? count : below_(count, real(1));
    });
}

// top/bottom, and `empty` where the bottom is 0.
KERNEL quotient(ARRAY(top) top_in, ARRAY(bottom) bottom_in, ARRAY(out) result_out, Same empty) {
    const real top = total_of(top_in);
    const real bottom = total_of(bottom_in);
    const real result = bottom == real(0) ? empty(0) : top/bottom;
    if (threadIdx.x == 0) result_out.store(0, result);
}
