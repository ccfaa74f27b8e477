package org.erat.compute;

/** How frozen weights lie in memory. */
public enum WeightLayout {
    /** For each direction of the product as that direction reads them fastest: two copies in training, one in inference. */
    PACKED,
    /** Row by row, once for both directions: each product rearranges them on the fly, which costs a few percent. */
    PLAIN
}
