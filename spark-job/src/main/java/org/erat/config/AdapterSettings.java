package org.erat.config;

import java.io.Serializable;
import java.util.List;
import org.erat.data.architecture.Projection;

/**
 * The low-rank matrices.
 *
 * @param rank R, the largest rank
 * @param alpha α of the scale
 * @param targets keys of the adapted projections, each once, in the order of {@link #TARGETS}
 * @param dropout chance that an input of an adapter is dropped in training, in [0, 1)
 * @param freezeA whether only B learns
 * @param order orders that its rows are measured in
 */
public record AdapterSettings(
        int rank, double alpha, List<String> targets, double dropout, boolean freezeA, OrderChoice order)
        implements Serializable {
    /** Keys of the projections of a block that can carry an adapter, in the order of the forward pass. */
    public static final List<String> TARGETS = Projection.keys();

    public AdapterSettings {
        targets = List.copyOf(targets);
    }
}
