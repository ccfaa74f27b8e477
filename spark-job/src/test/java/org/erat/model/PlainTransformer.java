package org.erat.model;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.annotation.Nullable;
import org.erat.compute.Backend;
import org.erat.compute.FrozenLinear;
import org.erat.compute.Tensor;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Architecture.Norm.Kind;
import org.erat.data.architecture.Architecture.Place;
import org.erat.data.architecture.Positions;
import org.erat.data.architecture.Projection;

/**
 * A transformer of random weights as its formulas have it: one example at a time, in loops over doubles, with tanh as the
 * activation, or SiLU where there is a gate. Adapters are added to the weights. Embeddings have a norm, but for rotary
 * positions with RMS norms. Where norms are layer norms without a bias, there is none before the first attention.
 */
final class PlainTransformer {
    private final Architecture architecture;
    private final double[][] words;
    private final double[][] positions;
    private final Norm embeddingNorm;

    @Nullable
    private final Linear embeddingProjection;

    private final List<BlockValues> blocks = new ArrayList<>();
    private final Norm finalNorm;

    /** y = W·x + b, W [out,in]. */
    private record Linear(double[][] w, double[] b) {
        double[] of(double[] x) {
            double[] y = b.clone();
            for (int o = 0; o < y.length; o++) {
                for (int i = 0; i < x.length; i++) {
                    y[o] += w[o][i] * x[i];
                }
            }
            return y;
        }

        Linear plus(double[][] delta) {
            double[][] sum = new double[w.length][];
            for (int o = 0; o < w.length; o++) {
                sum[o] = w[o].clone();
                for (int i = 0; i < sum[o].length; i++) {
                    sum[o][i] += delta[o][i];
                }
            }
            return new Linear(sum, b);
        }
    }

    /** Layer normalization, or without a bias division by the root mean square. */
    private record Norm(double[] weight, double[] bias) {
        double[] of(double[] x, double epsilon) {
            double mean = 0;
            for (double value : x) {
                mean += bias == null ? 0 : value / x.length;
            }
            double variance = 0;
            for (double value : x) {
                variance += (value - mean) * (value - mean) / x.length;
            }
            double[] y = new double[x.length];
            for (int i = 0; i < y.length; i++) {
                y[i] = (x[i] - mean) / Math.sqrt(variance + epsilon) * weight[i] + (bias == null ? 0 : bias[i]);
            }
            return y;
        }
    }

    private record BlockValues(
            Map<Projection, Linear> maps,
            Map<Projection, Norm> headNorms,
            @Nullable Norm attentionNorm,
            Norm feedForwardNorm) {}

    /** What an adapter adds to the weight of a projection, [out,in]. */
    @FunctionalInterface
    interface Deltas {
        double[][] of(int block, Projection projection);
    }

    PlainTransformer(Architecture architecture, Random random) {
        this.architecture = architecture;
        int width = architecture.width();
        int embeddingWidth = architecture.embeddingWidth();
        words = matrix(random, architecture.vocabulary(), embeddingWidth, 0.5);
        positions = architecture.positions() instanceof Positions.Learned learned
                ? matrix(random, learned.rows(), embeddingWidth, 0.5)
                : null;
        embeddingNorm =
                positions == null && architecture.norm().kind() == Kind.RMS ? null : norm(random, embeddingWidth);
        embeddingProjection = architecture.projectsEmbeddings()
                ? new Linear(matrix(random, width, embeddingWidth, 0.5), matrix(random, 1, width, 0.5)[0])
                : null;
        for (int block = 0; block < architecture.blocks(); block++) {
            Map<Projection, Linear> maps = new EnumMap<>(Projection.class);
            for (Projection projection : architecture.projections()) {
                int in = architecture.in(projection);
                int out = architecture.out(projection);
                maps.put(
                        projection,
                        new Linear(
                                matrix(random, out, in, 1 / Math.sqrt(in)),
                                architecture.biases().on(projection)
                                        ? matrix(random, 1, out, 0.5)[0]
                                        : new double[out]));
            }
            Map<Projection, Norm> headNorms = new EnumMap<>(Projection.class);
            for (Projection projection : architecture.projections()) {
                if (architecture.hasHeadNorm(projection)) {
                    headNorms.put(projection, norm(random, architecture.heads().width()));
                }
            }
            boolean without = block == 0 && architecture.norm().kind() == Kind.LAYER_WITHOUT_BIAS;
            blocks.add(new BlockValues(maps, headNorms, without ? null : norm(random, width), norm(random, width)));
        }
        finalNorm = norm(random, width);
    }

    /** Values that are floats, as frozen weights are. */
    private static double[][] matrix(Random random, int rows, int columns, double spread) {
        double[][] values = new double[rows][columns];
        for (double[] row : values) {
            for (int i = 0; i < columns; i++) {
                row[i] = (float) (spread * random.nextGaussian());
            }
        }
        return values;
    }

    private Norm norm(Random random, int width) {
        double[] weight = matrix(random, 1, width, 0.25)[0];
        for (int i = 0; i < width; i++) {
            weight[i] = (float) (1 + weight[i]);
        }
        return switch (architecture.norm().kind()) {
            case LAYER -> new Norm(weight, matrix(random, 1, width, 0.5)[0]);
            case LAYER_WITHOUT_BIAS -> new Norm(weight, new double[width]);
            case RMS -> new Norm(weight, null);
        };
    }

    // ---- the weights on a backend

    TransformerWeights on(Backend backend) {
        List<TransformerWeights.BlockWeights> laidOut = new ArrayList<>();
        for (BlockValues block : blocks) {
            laidOut.add(new TransformerWeights.BlockWeights(
                    linear(backend, block, Projection.QUERY, Projection.KEY, Projection.VALUE),
                    norm(backend, block.headNorms().get(Projection.QUERY)),
                    norm(backend, block.headNorms().get(Projection.KEY)),
                    linear(backend, block, Projection.ATTENTION_OUTPUT),
                    norm(backend, block.attentionNorm()),
                    architecture.feedForward().gated() ? linear(backend, block, Projection.GATE) : null,
                    linear(backend, block, Projection.INTERMEDIATE),
                    linear(backend, block, Projection.OUTPUT),
                    norm(backend, block.feedForwardNorm())));
        }
        return new TransformerWeights(
                architecture,
                table(backend, words),
                positions == null ? null : table(backend, positions),
                RotaryEmbedding.angles(architecture, backend),
                null,
                norm(backend, embeddingNorm),
                embeddingProjection == null
                        ? null
                        : backend.frozenLinear(
                                new FloatBuffer[] {floats(embeddingProjection.w())},
                                new FloatBuffer[] {floats(embeddingProjection.b())},
                                architecture.embeddingWidth()),
                laidOut,
                architecture.norm().place() == Place.PRE ? norm(backend, finalNorm) : null);
    }

    private static FrozenLinear linear(Backend backend, BlockValues block, Projection... stacked) {
        List<Linear> maps = Stream.of(stacked)
                .map(projection -> block.maps().get(projection))
                .toList();
        return backend.frozenLinear(
                maps.stream().map(map -> floats(map.w())).toArray(FloatBuffer[]::new),
                maps.stream().map(map -> floats(map.b())).toArray(FloatBuffer[]::new),
                maps.get(0).w()[0].length);
    }

    @Nullable
    private static TransformerWeights.NormWeights norm(Backend backend, @Nullable Norm norm) {
        if (norm == null) {
            return null;
        }
        int width = norm.weight().length;
        return new TransformerWeights.NormWeights(
                backend.frozen(floats(norm.weight()), width),
                norm.bias() == null ? null : backend.frozen(floats(norm.bias()), width));
    }

    private static Tensor table(Backend backend, double[][] rows) {
        return backend.frozen(floats(rows), rows.length, rows[0].length);
    }

    private static FloatBuffer floats(double[]... rows) {
        FloatBuffer values = FloatBuffer.allocate(rows.length * rows[0].length);
        for (double[] row : rows) {
            for (double value : row) {
                values.put((float) value);
            }
        }
        return values.flip();
    }

    // ---- the forward pass

    /** Whether a query sees a key in a block. */
    @FunctionalInterface
    interface Visible {
        boolean from(int block, int query, int key);
    }

    /** The last hidden states [T,H] of one example. */
    double[][] hidden(int[] tokenIds, Deltas deltas) {
        return hidden(tokenIds, IntStream.range(0, tokenIds.length).toArray(), this::masked, deltas);
    }

    private boolean masked(int block, int query, int key) {
        Architecture.Mask mask = architecture.mask(block);
        boolean near = Math.abs((long) query - key) < mask.window();
        return near && (key <= query || !mask.causal());
    }

    /** The same of tokens at positions of their own. */
    double[][] hidden(int[] tokenIds, int[] at, Visible visible, Deltas deltas) {
        double[][] x = new double[tokenIds.length][];
        for (int t = 0; t < x.length; t++) {
            x[t] = words[tokenIds[t]];
            if (architecture.positions() instanceof Positions.Learned learned) {
                x[t] = sum(x[t], positions[learned.offset() + at[t]]);
            }
            x[t] = embeddingNorm == null ? x[t] : embeddingNorm.of(x[t], epsilon());
            x[t] = embeddingProjection == null ? x[t] : embeddingProjection.of(x[t]);
        }
        boolean before = architecture.norm().place() == Place.PRE;
        for (int block = 0; block < blocks.size(); block++) {
            BlockValues values = blocks.get(block);
            Map<Projection, Linear> maps = new EnumMap<>(Projection.class);
            for (Projection projection : architecture.projections()) {
                maps.put(projection, values.maps().get(projection).plus(deltas.of(block, projection)));
            }
            double[][] in = before && values.attentionNorm() != null ? norm(values.attentionNorm(), x) : x;
            x = sum(x, attention(block, in, maps, values.headNorms(), visible));
            x = before ? x : norm(values.attentionNorm(), x);
            in = before ? norm(values.feedForwardNorm(), x) : x;
            x = sum(x, architecture.feedForward().gated() ? gatedFeedForward(in, maps) : feedForward(in, maps));
            x = before ? x : norm(values.feedForwardNorm(), x);
        }
        return before ? norm(finalNorm, x) : x;
    }

    private double[][] attention(
            int block, double[][] x, Map<Projection, Linear> maps, Map<Projection, Norm> headNorms, Visible visible) {
        Architecture.Heads heads = architecture.heads();
        double[][] query = heads(block, of(maps.get(Projection.QUERY), x), headNorms.get(Projection.QUERY));
        double[][] key = heads(block, of(maps.get(Projection.KEY), x), headNorms.get(Projection.KEY));
        double[][] value = of(maps.get(Projection.VALUE), x);
        double[][] context = new double[x.length][heads.query() * heads.width()];
        for (int head = 0; head < heads.query(); head++) {
            int q = head * heads.width();
            int kv = head / (heads.query() / heads.keyValue()) * heads.width();
            for (int t = 0; t < x.length; t++) {
                double[] share = new double[x.length];
                double sum = 0;
                for (int s = 0; s < x.length; s++) {
                    if (!visible.from(block, t, s)) {
                        continue;
                    }
                    double score = 0;
                    for (int d = 0; d < heads.width(); d++) {
                        score += query[t][q + d] * key[s][kv + d];
                    }
                    share[s] = Math.exp(score / Math.sqrt(heads.width()));
                    sum += share[s];
                }
                for (int s = 0; s < x.length; s++) {
                    for (int d = 0; d < heads.width(); d++) {
                        context[t][q + d] += share[s] / sum * value[s][kv + d];
                    }
                }
            }
        }
        return of(maps.get(Projection.ATTENTION_OUTPUT), context);
    }

    /** Heads of query or key with their norm and their rotary positions; cosines and sines are floats, as the engine's are. */
    private double[][] heads(int block, double[][] x, @Nullable Norm norm) {
        int width = architecture.heads().width();
        double[][] y = new double[x.length][x[0].length];
        for (int t = 0; t < x.length; t++) {
            for (int head = 0; head < y[t].length; head += width) {
                double[] values = Arrays.copyOfRange(x[t], head, head + width);
                values = norm == null ? values : norm.of(values, epsilon());
                System.arraycopy(rotated(block, values, t), 0, y[t], head, width);
            }
        }
        return y;
    }

    private double[] rotated(int block, double[] x, int position) {
        if (!(architecture.positions() instanceof Positions.Rotary rotary)) {
            return x;
        }
        double[] y = x.clone();
        int half = x.length / 2;
        for (int i = 0; i < half; i++) {
            double angle = position * rotary.rotation(block).frequencies(x.length)[i];
            double cosine = (float) Math.cos(angle);
            double sine = (float) Math.sin(angle);
            y[i] = x[i] * cosine - x[half + i] * sine;
            y[half + i] = x[half + i] * cosine + x[i] * sine;
        }
        return y;
    }

    private static double[][] feedForward(double[][] x, Map<Projection, Linear> maps) {
        double[][] inner = of(maps.get(Projection.INTERMEDIATE), x);
        for (double[] row : inner) {
            for (int i = 0; i < row.length; i++) {
                row[i] = Math.tanh(row[i]);
            }
        }
        return of(maps.get(Projection.OUTPUT), inner);
    }

    private static double[][] gatedFeedForward(double[][] x, Map<Projection, Linear> maps) {
        double[][] gate = of(maps.get(Projection.GATE), x);
        double[][] inner = of(maps.get(Projection.INTERMEDIATE), x);
        for (int t = 0; t < inner.length; t++) {
            for (int i = 0; i < inner[t].length; i++) {
                inner[t][i] *= gate[t][i] / (1 + Math.exp(-gate[t][i]));
            }
        }
        return of(maps.get(Projection.OUTPUT), inner);
    }

    private static double[][] of(Linear map, double[][] x) {
        return Stream.of(x).map(map::of).toArray(double[][]::new);
    }

    private double[][] norm(Norm norm, double[][] x) {
        return Stream.of(x).map(row -> norm.of(row, epsilon())).toArray(double[][]::new);
    }

    private double epsilon() {
        return architecture.norm().epsilon();
    }

    private static double[][] sum(double[][] one, double[][] other) {
        double[][] sum = new double[one.length][];
        for (int t = 0; t < sum.length; t++) {
            sum[t] = sum(one[t], other[t]);
        }
        return sum;
    }

    private static double[] sum(double[] one, double[] other) {
        double[] sum = one.clone();
        for (int i = 0; i < sum.length; i++) {
            sum[i] += other[i];
        }
        return sum;
    }
}
