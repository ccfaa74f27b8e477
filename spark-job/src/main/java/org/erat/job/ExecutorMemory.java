package org.erat.job;

import java.util.Optional;
import org.apache.spark.SparkConf;
import org.erat.config.ComputeSettings;
import org.erat.data.UsageException;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Positions;
import org.erat.head.HeadSpec;

/**
 * What an executor needs outside the Java heap, by the sizes of what it keeps, and what it is given.
 *
 * @param weights bytes of base weights: tables and vectors in the mapped file, matrices as the products read them
 * @param task bytes of one task: what the forward pass saves for the backward pass, and the largest gradients
 * @param tasks tasks at a time
 */
public record ExecutorMemory(long weights, long task, int tasks) {
    /** Code, threads and buffers of the JVM and of the native libraries. */
    private static final long REST = 256L << 20;

    private static final long MIB = 1L << 20;

    /**
     * The need of a run.
     *
     * @param model the architecture
     * @param weightBytes size of its weights, in f32
     * @param batch examples that are worked at a time
     * @param tokens longest example
     * @param compute number format, layout of the weights, what is kept of a forward pass
     * @param conf of the executors
     */
    static ExecutorMemory of(
            Architecture model, long weightBytes, int batch, int tokens, ComputeSettings compute, SparkConf conf) {
        long value =
                switch (compute.precision()) {
                    case F32, TF32 -> Float.BYTES;
                    case BF16 -> Short.BYTES;
                    case F64 -> Double.BYTES;
                };
        int cores = conf.getInt("spark.executor.cores", 1);
        return new ExecutorMemory(
                weights(model, weightBytes, value, compute.weights()),
                value * batch * tokens * valuesOfToken(model, tokens, compute.activations()),
                Math.max(1, cores / conf.getInt("spark.task.cpus", 1)));
    }

    private static long weights(Architecture model, long bytes, long value, ComputeSettings.Weights layout) {
        long rows = (long) model.vocabulary() + model.positions().rows() + model.tokenTypes();
        long tables = Float.BYTES * rows * model.embeddingWidth();
        long copies = layout == ComputeSettings.Weights.PACKED ? 2 : 1;
        return tables + angles(model) + copies * (bytes - tables) * value / Float.BYTES;
    }

    /** Cosines and sines of rotary positions. */
    private static long angles(Architecture model) {
        return model.positions() instanceof Positions.Rotary rotary
                ? Float.BYTES
                        * rotary.rotations().stream().distinct().count()
                        * rotary.maxLength()
                        * model.heads().width()
                : 0;
    }

    private static long valuesOfToken(Architecture model, int tokens, ComputeSettings.Activations kept) {
        long width = model.width();
        // Inner and activated; with a gate the gate's map too.
        long inner =
                (model.feedForward().gated() ? 3L : 2L) * model.feedForward().width();
        long probabilities = (long) model.heads().query() * tokens;
        // x, qkv, context, two inputs of normalisations, hidden; the feed-forward part's; probabilities. See BlockPass.
        long saved = 8 * width + inner + probabilities;
        long gradients = 4 * width + inner + probabilities;
        long blocks = model.blocks();
        return gradients + (kept == ComputeSettings.Activations.KEPT ? blocks * saved : blocks * width + saved);
    }

    /** The same with what a head makes of so many tokens at once. */
    ExecutorMemory with(HeadSpec head, long states) {
        return new ExecutorMemory(weights, task + head.outputBytes(states), tasks);
    }

    long bytes() {
        return weights + tasks * task + REST;
    }

    /** What the cluster lets an executor use beside its heap; none where nobody watches. */
    static Optional<Long> limit(SparkConf conf) {
        String master = conf.get("spark.master", "local[*]");
        if (!master.startsWith("yarn") && !master.startsWith("k8s")) {
            return Optional.empty();
        }
        long heap = conf.getSizeAsMb("spark.executor.memory", "1g");
        double factor = conf.getDouble("spark.executor.memoryOverheadFactor", 0.1);
        long overhead = conf.contains("spark.executor.memoryOverhead")
                ? conf.getSizeAsMb("spark.executor.memoryOverhead")
                : Math.max(384, (long) (factor * heap));
        return Optional.of(MIB * overhead);
    }

    /**
     * One line for people.
     *
     * @throws UsageException if the cluster would end executors for taking too much
     */
    String check(SparkConf conf) {
        String need = String.format(
                "memory: about %,d MiB outside the heap of each executor (base weights %,d, %d task(s) of %,d)",
                bytes() / MIB, weights / MIB, tasks, task / MIB);
        Optional<Long> limit = limit(conf);
        if (limit.isPresent() && limit.get() < bytes()) {
            throw new UsageException(need + ", and spark.executor.memoryOverhead gives " + limit.get() / MIB
                    + ". Add --spark-conf spark.executor.memoryOverhead=" + (bytes() / MIB + 1) + "m.");
        }
        return need
                + limit.map(given -> String.format("; spark.executor.memoryOverhead gives %,d MiB", given / MIB))
                        .orElse("; nobody holds it to a limit here");
    }
}
