package org.erat.data.tokenized;

import java.io.Serializable;

/**
 * Which tokens of its own example each token of a batch sees in attention: itself, and those of one interval. Immutable by
 * agreement: the arrays are not copied.
 *
 * <p>With S tokens of a source, the source sees [0,S), the token at index i behind it [0,i), and a pseudo token in the place
 * of that one, wherever it stands, [0,i) as well: nobody's interval holds a pseudo token.
 *
 * @param from [B,T] index in the example of the first token of the interval
 * @param to [B,T] index after its last one, at most the length of the example; intervals of padding mean nothing
 */
public record Visibility(int[] from, int[] to) implements Serializable {
    public Visibility {
        if (from.length != to.length) {
            throw new IllegalArgumentException(from.length + " intervals begin and " + to.length + " end");
        }
    }
}
