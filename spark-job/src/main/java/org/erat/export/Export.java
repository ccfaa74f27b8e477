package org.erat.export;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.erat.adapter.CanonicalOrder;
import org.erat.adapter.RankBudget;
import org.erat.adapter.RankScale;
import org.erat.config.RowOrder;
import org.erat.data.UsageException;

/**
 * Cuts a trained adapter to the ranks that a user has picked. Block l at rank b keeps the rows [0,b) of A and the same
 * columns of B, and the scale of width b, so that PEFT computes what inference at that rank computes here. Projections that
 * the Hugging Face model computes by one module share its adapter. A head that the model's class has becomes part of the adapter.
 */
public final class Export {
    private final TrainedAdapter adapter;
    private final List<Integer> ranks;
    private final boolean portable;

    /** @param ranks of the slots, in their order; 0 for those that are left out */
    private Export(TrainedAdapter adapter, List<Integer> ranks, boolean portable) {
        this.adapter = adapter;
        this.ranks = ranks;
        this.portable = portable;
    }

    /**
     * The same rank in every block.
     *
     * @param rank b, 1..R
     * @param portable whether to fold the scale into B, so that α = rank
     * @throws UsageException if there is no such rank
     */
    public static PeftAdapter uniform(TrainedAdapter adapter, int rank, boolean portable) {
        adapter.requireRank(rank);
        return new Export(adapter, Collections.nCopies(adapter.layout().slots().size(), rank), portable).cut();
    }

    /**
     * A rank for each block.
     *
     * @param ranks [L] ranks 0..R from the first block on; a block of rank 0 is left out
     * @param portable whether to fold the scale into B and to fill up with zero rows to the highest rank, so that α = rank
     *     everywhere and readers that know no patterns compute the same
     * @throws UsageException if there is not one rank for each block, one is out of range, or all are 0
     */
    public static PeftAdapter byBlock(TrainedAdapter adapter, List<Integer> ranks, boolean portable) {
        if (ranks.size() != adapter.blocks()) {
            throw new UsageException(ranks.size() + " block ranks (" + join(ranks) + ") for a model of "
                    + adapter.blocks() + " blocks. Give one rank for each block, 0 to leave it out.");
        }
        for (int rank : ranks) {
            if (rank < 0 || rank > adapter.rank()) {
                throw new UsageException("Block rank " + rank + " (of " + join(ranks) + ") is not in 0.."
                        + adapter.rank() + ", the ranks that the adapter has.");
            }
        }
        if (Collections.max(ranks) == 0) {
            throw new UsageException("All block ranks are 0, which leaves no adapter. Give one block 1 or more.");
        }
        List<Integer> bySlot = adapter.layout().slots().stream()
                .map(slot -> ranks.get(slot.block()))
                .toList();
        return new Export(adapter, bySlot, portable).cut();
    }

    /**
     * The rows that contribute most for their number of values, by one threshold over all modules: of a module with singular
     * values σ the rows with σ²/(in + out) above it.
     *
     * @param order other than as trained
     * @param parameters most values of all A and B together
     * @param portable as for {@link #byBlock}
     * @throws UsageException if not one row fits
     */
    public static PeftAdapter within(TrainedAdapter adapter, RowOrder order, long parameters, boolean portable) {
        CanonicalOrder rows = adapter.rows(order);
        List<RankBudget.Rows> products = adapter.layout().slots().stream()
                .map(slot -> new RankBudget.Rows(rows.singularValues()[slot.index()], (long) slot.in() + slot.out()))
                .toList();
        int[] ranks = RankBudget.within(products, parameters);
        return new Export(adapter.reordered(rows), IntStream.of(ranks).boxed().toList(), portable).cut();
    }

    private static String join(List<Integer> ranks) {
        return String.join(",", ranks.stream().map(String::valueOf).toList());
    }

    private PeftAdapter cut() {
        List<AdaptedModule> modules = AdaptedModule.of(adapter).stream()
                .filter(module -> rank(module) > 0)
                .toList();
        int highest = modules.stream().mapToInt(this::rank).max().orElseThrow();
        boolean withHead = adapter.modelClass().takesHead();
        return new PeftAdapter(
                adapter.base().plainName(),
                modules.stream()
                        .map(module -> cut(module, portable ? highest : rank(module)))
                        .toList(),
                withHead ? adapter.head().layers().modules() : List.of(),
                withHead ? adapter.headTensors() : Map.of());
    }

    /** @param rows of A, of which those beyond the module's rank are zero */
    private PeftModule cut(AdaptedModule module, int rows) {
        int[] kept = module.parts().stream().mapToInt(this::rank).toArray();
        int highest = IntStream.of(kept).max().orElseThrow();
        // Parts of different ranks have one scale in canonical order, and only there a module has such parts.
        double scale = portable ? 1 : adapter.adapter().scale().of(highest);
        double[] factors = IntStream.of(kept)
                .mapToDouble(rank -> rank == 0 ? 0 : adapter.adapter().scale().of(rank) / scale)
                .toArray();
        return new PeftModule(
                module.path(),
                module.block(),
                module.transposed(),
                IntStream.of(kept).boxed().toList(),
                portable ? rows : alpha(highest, rows),
                module.a(adapter.parameters(), kept, rows),
                module.b(adapter.parameters(), kept, factors, rows));
    }

    private int rank(AdaptedModule module) {
        return module.parts().stream().mapToInt(this::rank).sum();
    }

    private int rank(AdaptedModule.Part part) {
        return ranks.get(part.slot().index());
    }

    /**
     * What PEFT divides by the rank of a module to get the scale of its parts.
     *
     * @param rank of the largest part
     * @param rows the rank of the module
     */
    private double alpha(int rank, int rows) {
        RankScale scale = adapter.adapter().scale();
        return switch (scale.rule()) {
            // α itself, without a rounding, where a module is one part.
            case ALPHA_OVER_WIDTH -> scale.alpha() * ((double) rows / rank);
            case ALPHA_OVER_RANK, ALPHA_OVER_SQRT_WIDTH -> scale.of(rank) * rows;
        };
    }
}
