package org.erat.compute;

import java.nio.FloatBuffer;
import org.bytedeco.javacpp.indexer.DoubleIndexer;
import org.bytedeco.javacpp.indexer.FloatIndexer;
import org.bytedeco.javacpp.indexer.Indexer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Floats or doubles that lie one after the other in host memory, passed in runs, over which loops are vectorized. Confined
 * to one thread.
 */
public interface HostValues {
    /** Most values of one run: three of them fit into a core's first cache. */
    int RUN = 1024;

    /** Copies {@code length} values from {@code from} on to the start of {@code into}. */
    void get(long from, double[] into, int length);

    /** Sets {@code length} values from {@code from} on. */
    void put(long from, double[] values, int length);

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

    /** Those of an array that is contiguous, or a contiguous view; runs are of {@link #RUN} values at most. */
    static HostValues of(INDArray array) {
        Indexer indexer = array.data().indexer();
        if (indexer instanceof FloatIndexer floats) {
            return new Floats() {
                @Override
                void get(long from, float[] into, int length) {
                    floats.get(from, into, 0, length);
                }

                @Override
                void put(long from, float[] values, int length) {
                    floats.put(from, values, 0, length);
                }
            };
        }
        DoubleIndexer doubles = (DoubleIndexer) indexer;
        return new HostValues() {
            @Override
            public void get(long from, double[] into, int length) {
                doubles.get(from, into, 0, length);
            }

            @Override
            public void put(long from, double[] values, int length) {
                doubles.put(from, values, 0, length);
            }
        };
    }

    /** Those of a buffer from {@code offset} on, whose position and limit do not matter. */
    static HostValues of(FloatBuffer buffer, int offset) {
        return new Floats() {
            @Override
            void get(long from, float[] into, int length) {
                buffer.get(offset + (int) from, into, 0, length);
            }

            @Override
            void put(long from, float[] values, int length) {
                buffer.put(offset + (int) from, values, 0, length);
            }
        };
    }

    /** Values that are stored as floats. */
    abstract class Floats implements HostValues {
        private final float[] run = new float[RUN];

        abstract void get(long from, float[] into, int length);

        abstract void put(long from, float[] values, int length);

        @Override
        public void get(long from, double[] into, int length) {
            get(from, run, length);
            for (int i = 0; i < length; i++) {
                into[i] = run[i];
            }
        }

        @Override
        public void put(long from, double[] values, int length) {
            for (int i = 0; i < length; i++) {
                run[i] = (float) values[i];
            }
            put(from, run, length);
        }
    }
}
