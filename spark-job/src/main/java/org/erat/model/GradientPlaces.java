package org.erat.model;

import org.erat.adapter.LowRankAdapter;
import org.erat.adapter.Target;

/** Where the backward pass writes the gradient of each adapter, the last block first. */
@FunctionalInterface
public interface GradientPlaces {
    /** The place for one adapter's rows that learn. */
    LowRankAdapter.Gradient of(int block, Target target);
}
