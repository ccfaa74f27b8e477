package org.erat.training;

import java.util.Iterator;

/** An iterator that can pass over elements without making them. */
interface SkippingIterator<T> extends Iterator<T> {
    /** Passes over the next {@code count} elements, or all that are left. */
    void skip(int count);

    /** Passes over elements of any iterator. */
    static void skip(Iterator<?> iterator, int count) {
        if (iterator instanceof SkippingIterator<?> skipping) {
            skipping.skip(count);
            return;
        }
        for (int i = 0; i < count && iterator.hasNext(); i++) {
            iterator.next();
        }
    }
}
