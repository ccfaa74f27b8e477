package org.erat.adapter;

import java.io.Serializable;
import java.util.List;
import java.util.TreeSet;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Projection;

/**
 * What the adapters of a model are.
 *
 * @param projections that carry an adapter in every block, in order
 * @param scale R, and the factor of the output by the number of rows in use
 * @param dropout share of an adapter's input that training drops, in [0,1)
 * @param freezeA whether A keeps its initial values
 */
public record AdapterSpec(List<Projection> projections, RankScale scale, double dropout, boolean freezeA)
        implements Serializable {
    public AdapterSpec {
        projections = List.copyOf(new TreeSet<>(projections));
        if (projections.isEmpty()) {
            throw new IllegalArgumentException("No projection carries an adapter");
        }
    }

    /** R, the largest rank. */
    public int rank() {
        return scale.rank();
    }

    /** Their layout on a model of this architecture. */
    public AdapterLayout layout(Architecture architecture) {
        return new AdapterLayout(architecture, rank(), projections);
    }
}
