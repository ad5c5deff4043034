// Whether a closer look may refuse any of these boxes: inverted, not finite, of extreme size.
//
// The numbers are taken in the order in which they lie, x1 y1 x2 y2 x1 y1 ..., so that the loop
// reads them one after another: a side is a number and the one two places behind it.

KERNEL_RETURNS(int) suspicious(size items, HELD* at, double smallest, double largest) {
    const real least = real(smallest), most = real(largest);
    const size numbers = 4*items;
    unsigned sound = ~0u;
    for (size j = 0; j < numbers; ++j) {
        const real x = widened(at[j]);
        const real other = widened(at[j ^ 2]);  // of the same box
        const real side = (j & 2) != 0 ? x - other : other - x;
        const unsigned wide = unsigned(side == real(0)) | unsigned(side >= least);
        const unsigned finite = x - x == real(0);  // `largest` may be beyond what is held
        sound &= wide & finite & unsigned(x <= most) & unsigned(x >= -most);
    }
    return sound & 1u ? 0 : 1;
}
