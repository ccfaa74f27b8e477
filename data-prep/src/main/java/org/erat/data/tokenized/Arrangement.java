package org.erat.data.tokenized;

import java.io.Serializable;

/**
 * Where the tokens of a batch stand and which others they see, if neither follows from their order.
 *
 * @param positions [B,T] position of each token in its example, from 0; anything in the padding that is a position
 * @param visibility who sees whom, instead of the model's own mask
 */
public record Arrangement(int[] positions, Visibility visibility) implements Serializable {}
