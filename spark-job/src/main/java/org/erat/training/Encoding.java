package org.erat.training;

import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import javax.annotation.Nullable;
import org.erat.compute.AdamW;
import org.erat.config.TrainingSettings.OptimizerState;
import org.erat.config.TrainingSettings.Transfer;
import org.erat.learner.ParameterLayout;
import org.erat.learner.ParameterLayout.Kind;
import org.erat.learner.ParameterLayout.Run;
import org.erat.method.CounterRandom;

/**
 * Shared values as bytes, slice by slice, between the driver and the shards. All that is rounded is rounded by draws that
 * follow from (seed, round, shard, index): a task that runs again, or a run that goes on, sends the same bytes.
 *
 * <p>Where parameters are rounded, shards send what their local steps added to the values that they began from, which is
 * small and so is its rounding.
 *
 * <p>Factored second moments of the rows of a matrix travel as vᵢⱼ = ρᵢ·cⱼ, with c their mean over the rows that travel and
 * ρᵢ = Σⱼvᵢⱼ / Σⱼcⱼ, which keeps the sums over rows and over columns (Adafactor, arXiv 1804.04235, algorithm 2). The square
 * of a gradient δᵢ·xⱼ of one token has this form.
 *
 * <p>Moments that AdamW has made satisfy m² ≤ c²·v with c = (1−β₁)/√((1−β₂)(1−β₁²/β₂)), by Cauchy and Schwarz, so no step is
 * longer than c learning rates. Rounding or factoring can break that where v is small. Who receives such a pair raises v to
 * m²/c².
 */
public final class Encoding implements Serializable {
    private static final long serialVersionUID = 1L;

    /** In place of the number of a shard. */
    private static final int DRIVER = -1;

    /** Tells these draws from others of a seed. */
    private static final long ROUNDING = 0x726F756E64L;

    private final List<Slice> slices;
    private final int parameters;
    private final int state;
    private final Transfer transfer;
    private final boolean factored;

    /** 1/c², the least v/m²; 0 where the moments have no such bound. */
    private final double leastRatio;

    private final long seed;

    private Encoding(
            List<Slice> slices,
            int parameters,
            int state,
            Transfer transfer,
            boolean factored,
            double leastRatio,
            long seed) {
        this.slices = slices;
        this.parameters = parameters;
        this.state = state;
        this.transfer = transfer;
        this.factored = factored;
        this.leastRatio = leastRatio;
        this.seed = seed;
    }

    /** The encoding of a run. */
    public static Encoding of(ParameterLayout layout, OptimizerState optimizer, Transfer transfer, long seed) {
        boolean withState = optimizer != OptimizerState.RESET;
        return new Encoding(
                Slice.of(layout, withState),
                layout.parameters(),
                withState ? layout.stateLength() : 0,
                transfer,
                optimizer == OptimizerState.FACTORED,
                leastRatio(layout.optimizer().rule()),
                seed);
    }

    private static double leastRatio(AdamW rule) {
        double first = rule.beta1();
        double second = rule.beta2();
        return Math.max(0, (1 - second) * (1 - first * first / second) / ((1 - first) * (1 - first)));
    }

    /** What travels, in its order. */
    public List<Slice> slices() {
        return slices;
    }

    // ---- all values, from the driver to the shards

    /** What a round starts from, as the shards receive it. */
    public EncodedValues encode(SharedValues values, int round) {
        int[] from = starts();
        byte[] bytes = new byte[from[slices.size()]];
        long key = key(round, DRIVER);
        // Each has bytes of its own.
        IntStream.range(0, slices.size())
                .parallel()
                .forEach(s -> encode(slices.get(s), all(slices.get(s)), values, null, key, buffer(bytes, from[s])));
        return new EncodedValues(bytes, changesValues() ? null : values);
    }

    /** Whether anything can arrive otherwise than it is sent. */
    public boolean changesValues() {
        return roundsParameters() || factored;
    }

    /** Whether parameters can arrive otherwise than they are sent. */
    public boolean roundsParameters() {
        return transfer != Transfer.F32;
    }

    SharedValues decode(byte[] bytes) {
        int[] from = starts();
        SharedValues values = new SharedValues(new float[parameters], new float[state]);
        IntStream.range(0, slices.size()).parallel().forEach(s -> {
            Slice slice = slices.get(s);
            float[] ofSlice = decode(slice, all(slice), bytes, from[s], null);
            for (int row = 0; row < slice.rows(); row++) {
                int[] at = {row * slice.rowLength()};
                slice.forEachRun(row, (first, end) -> {
                    values.copyIn(first, ofSlice, at[0], end - first);
                    at[0] += end - first;
                });
            }
        });
        return values;
    }

    /** Indices of the first bytes of all slices, and of the end. */
    private int[] starts() {
        int[] from = new int[slices.size() + 1];
        for (int s = 0; s < slices.size(); s++) {
            from[s + 1] = from[s] + length(slices.get(s), all(slices.get(s)));
        }
        return from;
    }

    private static int[] all(Slice slice) {
        int[] all = new int[slice.rows()];
        Arrays.fill(all, 1);
        return all;
    }

    // ---- the rows that a shard has trained, back to the driver

    /**
     * What a shard sends back.
     *
     * @param values after its local steps
     * @param start what it began from
     * @param rowWeights [slot][row], of which those above 0 travel
     * @param targets that it has seen
     */
    public byte[] encode(
            SharedValues values, SharedValues start, int[][] rowWeights, long targets, int round, int shard) {
        int[][] coverage = slices.stream()
                .map(slice -> slice.coverage(rowWeights, targets))
                .toArray(int[][]::new);
        int length = 0;
        for (int s = 0; s < coverage.length; s++) {
            length += length(slices.get(s), coverage[s]);
        }
        byte[] bytes = new byte[length];
        ByteBuffer out = buffer(bytes, 0);
        long key = key(round, shard);
        for (int s = 0; s < coverage.length; s++) {
            encode(slices.get(s), coverage[s], values, roundsParameters() ? start : null, key, out);
        }
        return bytes;
    }

    /**
     * What a shard sent of a slice: the rows that it trained, one after the other, each with its state.
     *
     * @param coverage by row, above 0 for those
     * @param from index of the first byte
     * @param start what the shard began from
     */
    public float[] decode(Slice slice, int[] coverage, byte[] bytes, int from, @Nullable SharedValues start) {
        SharedValues base = roundsParameters() ? start : null;
        float[] values = new float[slice.length(coverage)];
        ByteBuffer in = buffer(bytes, from);
        int inRow = 0;
        for (int r = 0; r < slice.runs(0).size(); r++) {
            Run any = slice.runs(0).get(r);
            RowCode code = code(any.kind());
            float[] columns = null;
            int at = inRow;
            for (int row = 0; row < coverage.length; row++) {
                if (coverage[row] == 0) {
                    continue;
                }
                for (int i = 0; i < any.length(); i += any.width()) {
                    if (isFactored(any.kind())) {
                        if (columns == null) {
                            columns = new float[any.width()];
                            code.decode(in, columns, 0, any.width());
                        }
                        multiply(in.getFloat(), columns, values, at + i);
                    } else {
                        code.decode(in, values, at + i, any.width());
                    }
                }
                if (base != null && any.kind() == Kind.PARAMETERS) {
                    int first = slice.runs(row).get(r).from();
                    for (int i = 0; i < any.length(); i++) {
                        values[at + i] += base.parameters()[first + i];
                    }
                }
                at += slice.rowLength();
            }
            inRow += any.length();
        }
        if (changesValues()) {
            raiseSecondMoments(slice, Slice.covered(coverage), values);
        }
        return values;
    }

    /** @param rows that have arrived, one after the other */
    private void raiseSecondMoments(Slice slice, int rows, float[] values) {
        List<Run> runs = slice.runs(0);
        int first = lengthBefore(runs, Kind.FIRST_MOMENTS);
        int second = lengthBefore(runs, Kind.SECOND_MOMENTS);
        int moments = second - first;
        for (int row = 0; row < rows; row++) {
            int at = row * slice.rowLength();
            for (int i = at + first; i < at + second; i++) {
                float least = (float) (leastRatio * values[i] * values[i]);
                values[i + moments] = Math.max(values[i + moments], least);
            }
        }
    }

    /** Values of a row before the first ones of a kind, or of all where there are none. */
    private static int lengthBefore(List<Run> runs, Kind kind) {
        return runs.stream()
                .takeWhile(run -> run.kind() != kind)
                .mapToInt(Run::length)
                .sum();
    }

    private static void multiply(float factor, float[] columns, float[] values, int at) {
        for (int i = 0; i < columns.length; i++) {
            values[at + i] = factor * columns[i];
        }
    }

    // ---- a slice: run by run, of each the rows that travel

    private void encode(
            Slice slice, int[] coverage, SharedValues values, @Nullable SharedValues base, long key, ByteBuffer out) {
        for (int r = 0; r < slice.runs(0).size(); r++) {
            Run any = slice.runs(0).get(r);
            if (isFactored(any.kind())) {
                encodeFactored(slice, coverage, r, values, key, out);
                continue;
            }
            RowCode code = code(any.kind());
            float[] block = new float[any.width()];
            for (int row = 0; row < coverage.length; row++) {
                if (coverage[row] == 0) {
                    continue;
                }
                Run run = slice.runs(row).get(r);
                for (int at = run.from(); at < run.to(); at += run.width()) {
                    values.copyOut(at, block, 0, run.width());
                    if (base != null && run.kind() == Kind.PARAMETERS) {
                        for (int i = 0; i < run.width(); i++) {
                            block[i] -= base.parameters()[at + i];
                        }
                    }
                    code.encode(block, run.width(), out, key, at);
                }
            }
        }
    }

    private void encodeFactored(Slice slice, int[] coverage, int r, SharedValues values, long key, ByteBuffer out) {
        int width = slice.runs(0).get(r).width();
        List<Integer> blocks = IntStream.range(0, coverage.length)
                .filter(row -> coverage[row] > 0)
                .mapToObj(row -> slice.runs(row).get(r))
                .flatMap(run -> IntStream.iterate(run.from(), at -> at < run.to(), at -> at + width)
                        .boxed())
                .toList();
        if (blocks.isEmpty()) {
            return;
        }
        float[] block = new float[width];
        double[] sums = new double[width];
        double[] ofRows = new double[blocks.size()];
        for (int b = 0; b < ofRows.length; b++) {
            values.copyOut(blocks.get(b), block, 0, width);
            for (int i = 0; i < width; i++) {
                sums[i] += block[i];
                ofRows[b] += block[i];
            }
        }
        for (int i = 0; i < width; i++) {
            block[i] = (float) (sums[i] / ofRows.length);
        }
        RowCode code = code(Kind.SECOND_MOMENTS);
        int from = out.position();
        code.encode(block, width, out, key, blocks.get(0));
        // As they arrive.
        code.decode(out.duplicate().order(out.order()).position(from), block, 0, width);
        double sum = 0;
        for (float column : block) {
            sum += column;
        }
        for (double ofRow : ofRows) {
            out.putFloat(sum == 0 ? 0 : (float) (ofRow / sum));
        }
    }

    // ---- lengths

    /** Bytes of the rows of a slice that a shard has trained. */
    int length(Slice slice, int[] coverage) {
        return (int) length(slice, coverage, run -> true);
    }

    private long length(Slice slice, int[] coverage, Predicate<Run> counted) {
        int rows = Slice.covered(coverage);
        return rows == 0
                ? 0
                : slice.runs(0).stream()
                        .filter(counted)
                        .mapToLong(run -> length(run, rows))
                        .sum();
    }

    private long length(Run run, int rows) {
        int blocks = rows * run.length() / run.width();
        int ofBlock = code(run.kind()).length(run.width());
        return isFactored(run.kind()) ? ofBlock + (long) Float.BYTES * blocks : (long) blocks * ofBlock;
    }

    /**
     * Bytes by what they are of, all values together.
     *
     * @param adapters parameters
     * @param head parameters
     * @param optimizer state of both
     */
    public record Lengths(long adapters, long head, long optimizer) {}

    public Lengths lengths() {
        long adapters = 0;
        long head = 0;
        long optimizer = 0;
        for (Slice slice : slices) {
            long ofParameters = length(slice, all(slice), run -> run.kind() == Kind.PARAMETERS);
            adapters += slice.slot() == Slice.HEAD ? 0 : ofParameters;
            head += slice.slot() == Slice.HEAD ? ofParameters : 0;
            optimizer += length(slice, all(slice)) - ofParameters;
        }
        return new Lengths(adapters, head, optimizer);
    }

    // ---- codes

    private boolean isFactored(Kind kind) {
        return factored && kind == Kind.SECOND_MOMENTS;
    }

    private RowCode code(Kind kind) {
        if (kind == Kind.COUNTS) {
            return RowCode.F32;
        }
        return switch (transfer) {
            case F32 -> RowCode.F32;
            case BF16 -> RowCode.BF16;
            case INT8 -> kind == Kind.SECOND_MOMENTS ? RowCode.SHARE8 : RowCode.INT8;
        };
    }

    private long key(int round, int shard) {
        return CounterRandom.key(seed, ROUNDING, round, shard);
    }

    private static ByteBuffer buffer(byte[] bytes, int from) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).position(from);
    }
}
