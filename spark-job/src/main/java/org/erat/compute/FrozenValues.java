package org.erat.compute;

import java.nio.FloatBuffer;

/** Where a backend reads the values of a frozen weight from: it copies them, or uses them where they lie. */
public interface FrozenValues {
    /** How many there are. */
    int size();

    /** Copies all values to the start of {@code into} and leaves nothing of them in memory. */
    void copyTo(FloatBuffer into);

    /** The values where they lie, valid and unchanged for as long as the buffer is held; what is read stays in memory. */
    FloatBuffer inPlace();

    /** Values that are in memory already. */
    static FrozenValues of(FloatBuffer values) {
        return new FrozenValues() {
            @Override
            public int size() {
                return values.remaining();
            }

            @Override
            public void copyTo(FloatBuffer into) {
                into.put(0, values, values.position(), values.remaining());
            }

            @Override
            public FloatBuffer inPlace() {
                return values;
            }
        };
    }
}
