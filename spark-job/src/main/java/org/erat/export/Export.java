package org.erat.export;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.CanonicalOrder;
import org.erat.adapter.RankBudget;
import org.erat.adapter.RankScale;
import org.erat.config.RowOrder;
import org.erat.data.UsageException;
import org.erat.data.safetensors.FloatTensor;

/**
 * Cuts a trained adapter to the ranks that a user has picked. Block l at rank b keeps the rows [0,b) of A and the same
 * columns of B, and the scale of width b, so that PEFT computes what inference at that rank computes here. The head of a
 * token classifier is one that Hugging Face's models have, so that it becomes part of the adapter.
 */
public final class Export {
    /** The head of a token classifier, here and in Hugging Face's models. */
    private static final String TOKEN_CLASSIFIER = "classifier";

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
        int highest = Collections.max(ranks);
        List<String> modules = new ArrayList<>();
        Map<String, FloatTensor> tensors = new LinkedHashMap<>();
        for (AdapterLayout.Slot slot : adapter.layout().slots()) {
            int rank = ranks.get(slot.index());
            if (rank > 0) {
                modules.add(adapter.module(slot));
                int rows = portable ? highest : rank;
                tensors.put(PeftAdapter.keyOfA(adapter.module(slot)), a(slot, rank, rows));
                tensors.put(PeftAdapter.keyOfB(adapter.module(slot)), b(slot, rank, rows, portable ? scale(rank) : 1));
            }
        }
        if (adapter.classifiesTokens()) {
            adapter.headTensors().forEach((name, tensor) -> tensors.put(PeftAdapter.key(name), tensor));
        }
        return new PeftAdapter(
                highest,
                portable ? highest : alpha(highest),
                portable ? Map.of() : rankPattern(highest),
                portable ? Map.of() : alphaPattern(highest),
                modules,
                adapter.classifiesTokens() ? List.of(TOKEN_CLASSIFIER) : List.of(),
                tensors);
    }

    private Map<String, Integer> rankPattern(int highest) {
        Map<String, Integer> pattern = new TreeMap<>();
        for (AdapterLayout.Slot slot : adapter.layout().slots()) {
            int rank = ranks.get(slot.index());
            if (rank > 0 && rank != highest) {
                pattern.put(expression(slot), rank);
            }
        }
        return pattern;
    }

    private Map<String, Double> alphaPattern(int highest) {
        Map<String, Double> pattern = new TreeMap<>();
        rankPattern(highest).forEach((module, rank) -> pattern.put(module, alpha(rank)));
        return pattern;
    }

    /**
     * Matches one module. PEFT puts a dot before an expression (always, before version 0.15), so that it has to begin after
     * the first part of a path.
     */
    private String expression(AdapterLayout.Slot slot) {
        String module = adapter.module(slot);
        return module.substring(module.indexOf('.') + 1).replace(".", "\\.");
    }

    private double scale(int rank) {
        return adapter.adapter().scale().of(rank);
    }

    /** What PEFT divides by the rank to get the scale. */
    private double alpha(int rank) {
        RankScale scale = adapter.adapter().scale();
        return switch (scale.rule()) {
            case ALPHA_OVER_WIDTH -> scale.alpha();
            case ALPHA_OVER_RANK, ALPHA_OVER_SQRT_WIDTH -> scale.of(rank) * rank;
        };
    }

    /** A [rows,in]; zero from {@code rank} on. */
    private FloatTensor a(AdapterLayout.Slot slot, int rank, int rows) {
        float[] values = new float[rows * slot.in()];
        System.arraycopy(adapter.parameters(), Math.toIntExact(slot.rowOfA(0)), values, 0, rank * slot.in());
        return new FloatTensor(new long[] {rows, slot.in()}, FloatBuffer.wrap(values));
    }

    /** B [out,columns] from Bᵀ; zero from {@code rank} on. */
    private FloatTensor b(AdapterLayout.Slot slot, int rank, int columns, double factor) {
        float[] values = new float[slot.out() * columns];
        for (int row = 0; row < rank; row++) {
            int from = Math.toIntExact(slot.rowOfB(row));
            for (int out = 0; out < slot.out(); out++) {
                values[out * columns + row] = (float) (factor * adapter.parameters()[from + out]);
            }
        }
        return new FloatTensor(new long[] {slot.out(), columns}, FloatBuffer.wrap(values));
    }
}
