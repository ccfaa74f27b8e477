package org.erat.inference;

import java.io.Serializable;
import javax.annotation.Nullable;
import org.erat.adapter.Window;
import org.erat.export.TrainedAdapter;

/**
 * Rows of an adapter that an example is run with.
 *
 * @param adapter the adapter, in whatever order its rows are
 * @param rows the same ones in every block, with the scale of their number; null for none, which is the base model
 */
public record Selection(TrainedAdapter adapter, @Nullable Window rows) implements Serializable {
    /** The first {@code rank} rows; none for 0. */
    public static Selection prefix(TrainedAdapter adapter, int rank) {
        return rank == 0 ? new Selection(adapter, null) : new Selection(adapter, new Window(0, rank));
    }

    /** The last {@code rank} rows. */
    public static Selection suffix(TrainedAdapter adapter, int rank) {
        return new Selection(adapter, new Window(adapter.rank() - rank, adapter.rank()));
    }
}
