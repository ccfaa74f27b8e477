package org.erat.data.basemodel;

import java.nio.FloatBuffer;

/** Turning of the [in, out] weights of ONNX, TensorFlow and GPT-2 into the [out, in] weights of a prepared model. */
final class Transposition {
    /** Rows and columns that are turned together, so that both sides stay in the processor's cache. */
    private static final int TILE = 64;

    private Transposition() {}

    /**
     * Transposes a row-major matrix.
     *
     * @param matrix [rows, columns]
     * @return a new matrix [columns, rows]
     */
    static FloatBuffer transpose(FloatBuffer matrix, int rows, int columns) {
        int base = matrix.position();
        float[] turned = new float[Math.multiplyExact(rows, columns)];
        for (int r0 = 0; r0 < rows; r0 += TILE) {
            int r1 = Math.min(rows, r0 + TILE);
            for (int c0 = 0; c0 < columns; c0 += TILE) {
                int c1 = Math.min(columns, c0 + TILE);
                for (int r = r0; r < r1; r++) {
                    for (int c = c0; c < c1; c++) {
                        turned[c * rows + r] = matrix.get(base + r * columns + c);
                    }
                }
            }
        }
        return FloatBuffer.wrap(turned);
    }
}
