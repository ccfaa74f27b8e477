package org.erat.training.round;

import java.util.Iterator;
import java.util.function.Function;

/** An iterator that can pass over elements without making them. */
public interface SkippingIterator<T> extends Iterator<T> {
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

    /** What a function makes of each element that is not passed over. */
    static <S, T> SkippingIterator<T> map(Iterator<S> elements, Function<S, T> function) {
        return new SkippingIterator<>() {
            @Override
            public void skip(int count) {
                SkippingIterator.skip(elements, count);
            }

            @Override
            public boolean hasNext() {
                return elements.hasNext();
            }

            @Override
            public T next() {
                return function.apply(elements.next());
            }
        };
    }
}
