package org.erat.job;

import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;
import org.erat.config.Activations;
import org.erat.config.ComputeSettings;
import org.erat.data.UsageException;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Positions;
import org.erat.data.safetensors.Dtype;
import org.erat.learner.LearnerSpec;
import org.erat.learner.ParameterLayout;
import org.erat.model.PassSize;
import org.erat.prefix.PassInputs;

/**
 * What an executor needs, by the sizes of what it keeps, and what it is given.
 *
 * @param weights bytes of base weights: tables and vectors in the mapped file, matrices as the products read them
 * @param task one task outside the Java heap
 * @param tasks tasks at a time
 * @param heap bytes of the Java heap that are in use at the most
 */
public record ExecutorMemory(long weights, Task task, int tasks, long heap) {
    /**
     * Bytes of a task outside the Java heap.
     *
     * @param kept that its forward passes keep: what {@code compute.activations} sets
     * @param leastKept the least that can be set
     * @param passes forward passes that are kept at a time
     * @param other what a step makes and closes again, the head's outputs, parameters, gradients and optimizer state
     */
    public record Task(long kept, long leastKept, int passes, long other) {
        /** All of them. */
        public long bytes() {
            return kept + other;
        }
    }

    private static final long MIB = 1L << 20;

    /** Masters that name the cores of an executor. */
    private static final Pattern LOCAL =
            Pattern.compile("local\\[(?<cores>\\d+|\\*)(?:,\\d+)?]|local-cluster\\[\\d+,(?<ofEach>\\d+),\\d+]");

    /**
     * Classes, code, threads and buffers of the JVM, and the native libraries, without weights and tasks: measured, see
     * benchmarks.md.
     */
    private static final long PROCESS = 360 * MIB;

    /** What Spark, Deeplearning4j and the collector's own room take of the heap in an executor, measured likewise. */
    private static final long HEAP = 150 * MIB;

    /** A round's values are in the heap as the broadcast's bytes, as its arrays, as a task's result and as its bytes. */
    private static final int COPIES_OF_A_ROUND = 4;

    /** Below it Spark starts no executor. */
    private static final long LEAST_HEAP = 450 * MIB;

    /**
     * The need of a run.
     *
     * @param learner what tasks compute, and with what
     * @param weightBytes size of the base weights, in f32
     * @param examples of a mini-batch that are worked at a time
     * @param longest tokens of the longest example of the data
     * @param conf of the executors
     */
    static ExecutorMemory of(LearnerSpec learner, long weightBytes, int examples, int longest, SparkConf conf) {
        int tasks = Math.max(1, cores(conf) / conf.getInt("spark.task.cpus", 1));
        ParameterLayout layout = learner.layout();
        long values = Float.BYTES * ((long) layout.parameters() + layout.stateLength());
        return new ExecutorMemory(
                weights(learner, weightBytes),
                task(learner, examples, longest),
                tasks,
                HEAP + values * COPIES_OF_A_ROUND * tasks);
    }

    /** Cores of an executor as the properties say; a standalone cluster gives all that its machines have. */
    private static int cores(SparkConf conf) {
        Matcher local = LOCAL.matcher(conf.get("spark.master", ""));
        if (!local.matches()) {
            return conf.getInt("spark.executor.cores", 1);
        }
        String cores = local.group("cores") != null ? local.group("cores") : local.group("ofEach");
        return cores.equals("*") ? Runtime.getRuntime().availableProcessors() : Integer.parseInt(cores);
    }

    private static Task task(LearnerSpec learner, int examples, int longest) {
        PassSize size = PassSize.of(
                learner.architecture(),
                learner.adapter().projections(),
                learner.adapter().rank(),
                examples,
                PassInputs.longest(learner.head(), longest),
                activations(learner));
        // Deeplearning4j makes all forward passes of a step before the first backward pass; the bare learner does not.
        int passes = learner.microBatchSize() > 0
                ? 1
                : learner.adapterMethod().plan(0, 0, examples).selections().size();
        ParameterLayout layout = learner.layout();
        return new Task(
                passes * size.keptBytes(learner.compute().activations()),
                passes * size.keptBytes(Activations.RECOMPUTED),
                passes,
                size.working()
                        + learner.head().outputBytes((long) examples * longest)
                        + Float.BYTES * (2L * layout.parameters() + layout.stateLength()));
    }

    private static Dtype activations(LearnerSpec learner) {
        return switch (learner.compute().precision()) {
            case F32, TF32 -> Dtype.F32;
            case BF16 -> Dtype.BF16;
            case F64 -> Dtype.F64;
        };
    }

    private static long weights(LearnerSpec learner, long bytes) {
        Architecture model = learner.architecture();
        long words = (long) model.vocabulary() * model.embeddingWidth();
        long others = (model.positions().rows() + (long) model.tokenTypes()) * model.embeddingWidth();
        long tables = Float.BYTES * (words + others);
        long value = activations(learner).bytes();
        long copies = learner.compute().weights() == ComputeSettings.Weights.PACKED ? 2 : 1;
        // An output layer reads the words in f32 where they lie, or a copy in another dtype.
        long outputs = learner.head().predictsTokens() && value != Float.BYTES ? value * words : 0;
        return tables + outputs + angles(model) + copies * (bytes - tables) * value / Float.BYTES;
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

    /** Bytes outside the Java heap. */
    long outside() {
        return weights + tasks * task.bytes() + PROCESS;
    }

    /** The setting with which no more than {@code limit} bytes are needed outside the heap, if there is one. */
    private Optional<Activations> within(long limit) {
        long room = (limit - weights - PROCESS) / tasks - task.other();
        long mebibytes = room / task.passes() / MIB;
        return room < task.leastKept() || mebibytes == 0
                ? Optional.empty()
                : Optional.of(new Activations(mebibytes * MIB));
    }

    /** The most of it that is in physical memory at a time, as Linux counts it (VmHWM). */
    public long peak() {
        return outside() + heap;
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
     * Lines for people.
     *
     * @throws UsageException if the cluster would end executors for taking too much
     */
    List<String> check(SparkConf conf) {
        String need = String.format(
                "memory: about %,d MiB outside the heap of each executor (base weights %,d, %d task(s) of %,d)",
                outside() / MIB, weights / MIB, tasks, task.bytes() / MIB);
        Optional<Long> limit = limit(conf);
        if (limit.isPresent() && limit.get() < outside()) {
            throw new UsageException(need + ", and spark.executor.memoryOverhead gives " + limit.get() / MIB
                    + ". Add --spark-conf spark.executor.memoryOverhead=" + (outside() / MIB + 1) + "m"
                    + within(limit.get())
                            .map(activations -> ", or --set compute.activations=" + activations)
                            .orElse("") + ".");
        }
        return List.of(
                need
                        + limit.map(given ->
                                        String.format("; spark.executor.memoryOverhead gives %,d MiB", given / MIB))
                                .orElse("; nobody holds it to a limit here"),
                String.format(
                        "heap: %,d MiB of each executor are used; spark.executor.memory gives %,d, and %,d are enough",
                        heap / MIB, conf.getSizeAsMb("spark.executor.memory", "1g"), enough() / MIB));
    }

    /** A heap that leaves the collector as much again as is used. */
    private long enough() {
        return Math.max(LEAST_HEAP, 2 * heap);
    }
}
