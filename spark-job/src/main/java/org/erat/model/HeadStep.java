package org.erat.model;

import org.erat.compute.Tensor;

/** What is done to the heads of query and key between their projections and the attention, in place. */
interface HeadStep {
    /** Changes query, key and value side by side, [N,(A+2K)·D]. */
    void forward(Tensor qkv, BlockPass pass);

    /** Turns the gradient of the result into that of the input, [N,(A+2K)·D]. */
    void backward(Tensor dqkv, BlockPass pass);
}
