// Counting boxes that a closer look may refuse: inverted, not finite, of extreme size.

KERNEL_RETURNS(size) suspicious(size items, Quad<HELD> boxes, double smallest, double largest) {
    size count = 0;
    for (size i = 0; i < items; ++i) {
        real x1, y1, x2, y2;
        boxes.load(i, x1, y1, x2, y2);
        const real w = x2 - x1, h = y2 - y1;
        const real reach = max_(max_(abs_(x1), abs_(y1)), max_(abs_(x2), abs_(y2)));
        const bool wide = (w == real(0)) | (w >= real(smallest));
        const bool high = (h == real(0)) | (h >= real(smallest));
        const bool finite = reach - reach == real(0);  // `largest` may be beyond what is held
        count += !(wide & high & finite & (reach <= real(largest)));
    }
    return count;
}
