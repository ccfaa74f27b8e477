package org.erat.compute;

import java.util.Arrays;
import java.util.List;
import org.erat.data.architecture.Architecture.Mask;
import org.erat.data.tokenized.Visibility;

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

    /**
     * {@code "B:length,length,…"} under a mask: the name of its constant, the width of a sliding window, with a minus of
     * one around the query, or {@code "ARRANGED"} for {@link #visibility}.
     */
    public static Attention.Shape attention(String examples, int heads, int keyValueHeads, int headWidth, String mask) {
        if (!mask.equals("ARRANGED")) {
            return attention(examples, heads, keyValueHeads, headWidth, mask(mask));
        }
        Attention.Shape shape = attention(examples, heads, keyValueHeads, headWidth, Mask.BIDIRECTIONAL);
        return arranged(shape, visibility(shape));
    }

    /** The same with a visibility. */
    public static Attention.Shape arranged(Attention.Shape shape, Visibility visibility) {
        return new Attention.Shape(
                shape.batch(),
                shape.tokens(),
                shape.heads(),
                shape.keyValueHeads(),
                shape.headWidth(),
                shape.mask(),
                shape.lengths(),
                visibility);
    }

    /**
     * Of an example of n tokens those at 0, 4, 8, … see the first half, those at 1, 5, … all from their half on to
     * themselves, those at 2, 6, … all before their half and themselves, and the others themselves only.
     */
    private static Visibility visibility(Attention.Shape shape) {
        int[] from = new int[(int) shape.rows()];
        int[] to = new int[from.length];
        for (int row = 0; row < from.length; row++) {
            int token = row % shape.tokens();
            int length = shape.lengths()[row / shape.tokens()];
            if (token < length) {
                from[row] = token % 4 == 1 ? token / 2 : 0;
                to[row] = List.of((length + 1) / 2, token + 1, token / 2, 0).get(token % 4);
            }
        }
        return new Visibility(from, to);
    }

    private static Mask mask(String name) {
        return switch (name) {
            case "BIDIRECTIONAL" -> Mask.BIDIRECTIONAL;
            case "CAUSAL" -> Mask.CAUSAL;
            default ->
                name.startsWith("-")
                        ? Mask.around(-Integer.parseInt(name))
                        : Mask.slidingWindow(Integer.parseInt(name));
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
