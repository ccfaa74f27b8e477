package org.erat.training;

import java.nio.ByteBuffer;
import org.erat.method.CounterRandom;

/**
 * How a row of values becomes bytes. What does not fit is rounded up or down at random, so that the expected value is the
 * value itself: what changes by less than a step of the code in a round moves nevertheless, on average by as much. A draw
 * follows from its key and the value's index alone.
 */
enum RowCode {
    /** Four bytes each, every bit. */
    F32 {
        @Override
        int length(int width) {
            return Float.BYTES * width;
        }

        @Override
        void encode(float[] row, int width, ByteBuffer out, long key, int index) {
            out.asFloatBuffer().put(row, 0, width);
            out.position(out.position() + length(width));
        }

        @Override
        void decode(ByteBuffer in, float[] row, int at, int width) {
            in.asFloatBuffer().get(row, at, width);
            in.position(in.position() + length(width));
        }
    },
    /** The upper half of each float: 8 bits of significand. */
    BF16 {
        @Override
        int length(int width) {
            return Short.BYTES * width;
        }

        @Override
        void encode(float[] row, int width, ByteBuffer out, long key, int index) {
            for (int i = 0; i < width; i++) {
                int below = (int) (CounterRandom.bits(key, index + i) >>> 48);
                out.putShort((short) ((Float.floatToRawIntBits(row[i]) + below) >>> 16));
            }
        }

        @Override
        void decode(ByteBuffer in, float[] row, int at, int width) {
            for (int i = 0; i < width; i++) {
                row[at + i] = Float.intBitsToFloat(in.getShort() << 16);
            }
        }
    },
    /** A byte each: multiples −127..127 of a step, which is the row's largest value over 127. */
    INT8 {
        private static final int LARGEST = 127;
        private static final int POSITIVE = 2 * LARGEST;

        @Override
        int length(int width) {
            return Float.BYTES + width;
        }

        @Override
        void encode(float[] row, int width, ByteBuffer out, long key, int index) {
            float largest = 0;
            for (int i = 0; i < width; i++) {
                largest = Math.max(largest, Math.abs(row[i]));
            }
            float step = largest / LARGEST;
            double perStep = step == 0 ? 0 : 1.0 / step;
            byte[] codes = new byte[width];
            for (int i = 0; i < width; i++) {
                double up = (CounterRandom.bits(key, index + i) >>> 32) * 0x1p-32;
                // Of a positive number, a cast is the number rounded down.
                int steps = (int) (row[i] * perStep + up + POSITIVE) - POSITIVE;
                // The step is rounded too, and may be too short by half of its last bit.
                codes[i] = (byte) Math.max(-LARGEST, Math.min(LARGEST, steps));
            }
            out.putFloat(step).put(codes);
        }

        @Override
        void decode(ByteBuffer in, float[] row, int at, int width) {
            float step = in.getFloat();
            byte[] codes = new byte[width];
            in.get(codes);
            for (int i = 0; i < width; i++) {
                row[at + i] = codes[i] * step;
            }
        }
    },
    /**
     * A byte each, of values that are not negative: their share of the row's largest as a float of 5 bits of exponent and 3
     * bits of significand. A moment that is not 0 is no less than 2⁻³² of the largest, since AdamW divides by its root; it
     * becomes 0 only where that is below the smallest float.
     */
    SHARE8 {
        private static final int CODES = 255;
        private static final int DROPPED = 20;
        private static final int ONE = Float.floatToRawIntBits(1) >>> DROPPED;

        @Override
        int length(int width) {
            return Float.BYTES + width;
        }

        @Override
        void encode(float[] row, int width, ByteBuffer out, long key, int index) {
            float largest = 0;
            for (int i = 0; i < width; i++) {
                largest = Math.max(largest, row[i]);
            }
            out.putFloat(largest);
            for (int i = 0; i < width; i++) {
                int below = (int) (CounterRandom.bits(key, index + i) >>> (Long.SIZE - DROPPED));
                int share = (Float.floatToRawIntBits(row[i] / largest) + below) >>> DROPPED;
                out.put((byte) (row[i] == 0 ? 0 : Math.max(1, share - ONE + CODES)));
            }
        }

        @Override
        void decode(ByteBuffer in, float[] row, int at, int width) {
            float largest = in.getFloat();
            for (int i = 0; i < width; i++) {
                int code = Byte.toUnsignedInt(in.get());
                row[at + i] = code == 0 ? 0 : largest * Float.intBitsToFloat((code - CODES + ONE) << DROPPED);
            }
        }
    };

    /** Bytes of a row. */
    abstract int length(int width);

    /**
     * Writes the first values of an array.
     *
     * @param key of the draws
     * @param index of the first value, which tells its draw from those of others
     */
    abstract void encode(float[] row, int width, ByteBuffer out, long key, int index);

    /** Reads values to an array from an index on. */
    abstract void decode(ByteBuffer in, float[] row, int at, int width);
}
