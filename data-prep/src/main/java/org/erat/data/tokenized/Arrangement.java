package org.erat.data.tokenized;

import java.io.Serializable;
import java.util.Arrays;

/**
 * Where the tokens of a batch stand and which others they see, if neither follows from their order.
 *
 * @param positions [B,T] position of each token in its example, from 0; anything in the padding that is a position
 * @param visibility who sees whom, instead of the model's own mask
 */
public record Arrangement(int[] positions, Visibility visibility) implements Serializable {
    /** That of the tokens [from, to) of the batch. */
    Arrangement part(int from, int to) {
        return new Arrangement(
                Arrays.copyOfRange(positions, from, to),
                new Visibility(
                        Arrays.copyOfRange(visibility.from(), from, to),
                        Arrays.copyOfRange(visibility.to(), from, to)));
    }
}
