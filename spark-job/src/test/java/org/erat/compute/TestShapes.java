package org.erat.compute;

import java.util.Arrays;
import org.erat.data.architecture.Architecture.Mask;

/** Shapes of attention in a readable form. */
public final class TestShapes {
    private TestShapes() {}

    /** {@code "B:length,length,…"}; the longest example sets T. Every head has a key and a value, and nothing is masked. */
    public static Attention.Shape attention(String examples, int heads, int headWidth) {
        return attention(examples, heads, heads, headWidth, Mask.BIDIRECTIONAL);
    }

    /** {@code "B:length,length,…"}; the longest example sets T. */
    public static Attention.Shape attention(String examples, int heads, int keyValueHeads, int headWidth, Mask mask) {
        String[] parts = examples.split(":", -1);
        int[] lengths = Arrays.stream(parts[1].split(",", -1))
                .mapToInt(Integer::parseInt)
                .toArray();
        int longest = Arrays.stream(lengths).max().orElseThrow();
        return new Attention.Shape(Integer.parseInt(parts[0]), longest, heads, keyValueHeads, headWidth, mask, lengths);
    }

    /** A mask by the name of its constant, or the width of a sliding window. */
    public static Mask mask(String name) {
        return switch (name) {
            case "BIDIRECTIONAL" -> Mask.BIDIRECTIONAL;
            case "CAUSAL" -> Mask.CAUSAL;
            default -> Mask.slidingWindow(Integer.parseInt(name));
        };
    }

    /** {@code x} [N,·] with the rows of padding tokens set to zero. */
    static double[] withoutPadding(Attention.Shape shape, double... x) {
        int columns = (int) (x.length / shape.rows());
        for (int b = 0; b < shape.batch(); b++) {
            int first = b * shape.tokens();
            Arrays.fill(x, (first + shape.lengths()[b]) * columns, (first + shape.tokens()) * columns, 0);
        }
        return x;
    }
}
