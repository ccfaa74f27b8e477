package org.erat.compute;

import java.nio.Buffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;

/**
 * Floats or doubles that lie one after the other in host memory, passed in runs, over which loops are vectorized. Confined
 * to one thread.
 */
public interface HostValues {
    /** Most values of one run: three of them fit into a core's first cache. */
    int RUN = 1024;

    /** Copies {@code length} values, {@link #RUN} at most, from {@code from} on to the start of {@code into}. */
    void get(long from, double[] into, int length);

    /** Sets {@code length} values, {@link #RUN} at most, from {@code from} on. */
    void put(long from, double[] values, int length);

    /** The nearest value of this dtype. */
    double round(double value);

    /** Rounds the first {@code length} values to this dtype. */
    void round(double[] values, int length);

    /** Whether the first {@code length} values, rounded to this dtype, are finite. */
    boolean areFinite(double[] values, int length);

    /** One value. */
    default double get(long i) {
        double[] value = new double[1];
        get(i, value, 1);
        return value[0];
    }

    /** Sets one value. */
    default void put(long i, double value) {
        put(i, new double[] {value}, 1);
    }

    /**
     * Those of a buffer from {@code offset} on. Its position and limit do not matter.
     *
     * @param buffer a {@link FloatBuffer} or a {@link DoubleBuffer}
     */
    static HostValues of(Buffer buffer, int offset) {
        if (buffer instanceof FloatBuffer floats) {
            return new Floats(floats, offset);
        }
        if (buffer instanceof DoubleBuffer doubles) {
            return new Doubles(doubles, offset);
        }
        throw new IllegalArgumentException(
                "host values: " + buffer.getClass().getSimpleName() + " is neither a FloatBuffer nor a DoubleBuffer");
    }

    /** Values that are stored as floats. */
    final class Floats implements HostValues {
        private final FloatBuffer buffer;
        private final int offset;
        private final float[] run = new float[RUN];

        private Floats(FloatBuffer buffer, int offset) {
            this.buffer = buffer;
            this.offset = offset;
        }

        @Override
        public void get(long from, double[] into, int length) {
            buffer.get(offset + (int) from, run, 0, length);
            for (int i = 0; i < length; i++) {
                into[i] = run[i];
            }
        }

        @Override
        public void put(long from, double[] values, int length) {
            for (int i = 0; i < length; i++) {
                run[i] = (float) values[i];
            }
            buffer.put(offset + (int) from, run, 0, length);
        }

        @Override
        public double round(double value) {
            return (float) value;
        }

        @Override
        public void round(double[] values, int length) {
            for (int i = 0; i < length; i++) {
                values[i] = (float) values[i];
            }
        }

        @Override
        public boolean areFinite(double[] values, int length) {
            boolean finite = true;
            for (int i = 0; i < length; i++) {
                finite &= Float.isFinite((float) values[i]);
            }
            return finite;
        }
    }

    /** Values that are stored as doubles. */
    final class Doubles implements HostValues {
        private final DoubleBuffer buffer;
        private final int offset;

        private Doubles(DoubleBuffer buffer, int offset) {
            this.buffer = buffer;
            this.offset = offset;
        }

        @Override
        public void get(long from, double[] into, int length) {
            buffer.get(offset + (int) from, into, 0, length);
        }

        @Override
        public void put(long from, double[] values, int length) {
            buffer.put(offset + (int) from, values, 0, length);
        }

        @Override
        public double round(double value) {
            return value;
        }

        @Override
        public void round(double[] values, int length) {
            // They are doubles already.
        }

        @Override
        public boolean areFinite(double[] values, int length) {
            boolean finite = true;
            for (int i = 0; i < length; i++) {
                finite &= Double.isFinite(values[i]);
            }
            return finite;
        }
    }
}
