package org.erat.inference;

import java.io.Serializable;
import java.nio.FloatBuffer;
import javax.annotation.Nullable;
import org.erat.adapter.Adapters;
import org.erat.adapter.RowSelection;
import org.erat.adapter.RowsBySlot;
import org.erat.adapter.Window;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
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

    /** The matrices of the adapter, in the dtype of activations. */
    public Tensor upload(Kernels kernels) {
        int length = Math.toIntExact(adapter.layout().length());
        return kernels.memory().upload(FloatBuffer.wrap(adapter.parameters()).slice(0, length), 1, length);
    }

    /**
     * The rows as a pass uses them.
     *
     * @param values of {@link #upload}
     */
    public Adapters adapters(Tensor values) {
        if (rows == null) {
            return Adapters.none(adapter.layout(), values);
        }
        double scale = adapter.adapter().scale().of(rows.width());
        return Adapters.of(adapter.layout(), values, RowsBySlot.everywhere(RowSelection.of(rows, scale)));
    }
}
