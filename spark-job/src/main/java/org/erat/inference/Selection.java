package org.erat.inference;

import java.io.Serializable;
import org.erat.adapter.Window;
import org.erat.export.TrainedAdapter;

/**
 * Rows of an adapter that an example is run with.
 *
 * @param adapter the adapter, in whatever order its rows are
 * @param rows the same ones in every block, with the scale of their number
 */
public record Selection(TrainedAdapter adapter, Window rows) implements Serializable {
    /** The first {@code rank} rows. */
    public static Selection prefix(TrainedAdapter adapter, int rank) {
        return new Selection(adapter, new Window(0, rank));
    }

    /** The last {@code rank} rows. */
    public static Selection suffix(TrainedAdapter adapter, int rank) {
        return new Selection(adapter, new Window(adapter.rank() - rank, adapter.rank()));
    }
}
