package org.erat.compute;

import java.util.Arrays;
import org.erat.compute.Kernels.AttentionShape;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Shapes of attention in a readable form. */
final class TestShapes {
    private TestShapes() {}

    /** {@code "B:length,length,…"}; the longest example sets T. */
    static AttentionShape attention(String examples, int heads) {
        String[] parts = examples.split(":", -1);
        int[] lengths = Arrays.stream(parts[1].split(",", -1))
                .mapToInt(Integer::parseInt)
                .toArray();
        return new AttentionShape(
                Integer.parseInt(parts[0]), Arrays.stream(lengths).max().orElseThrow(), heads, lengths);
    }

    /** {@code x} [N,·] with the rows of padding tokens set to zero. */
    static INDArray withoutPadding(AttentionShape shape, INDArray x) {
        for (int b = 0; b < shape.batch(); b++) {
            for (int t = shape.lengths()[b]; t < shape.tokens(); t++) {
                x.getRow((long) b * shape.tokens() + t).assign(0);
            }
        }
        return x;
    }
}
