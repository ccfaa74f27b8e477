package org.erat.model;

import org.erat.adapter.LowRankAdapter;
import org.erat.adapter.Target;

/** Receives the gradient of each adapter during the backward pass, the last block first. */
public interface GradientSink {
    /** The receiver copies what it keeps: the tensors are closed when this returns. */
    void accept(int block, Target target, LowRankAdapter.Gradient gradient);

    /** Whether A is frozen, so that its gradient is neither computed nor passed on. */
    boolean freezesA();
}
