package org.erat.dl4j;

import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.adapter.AdapterSpec;
import org.erat.adapter.RankScale;
import org.erat.config.Activations;
import org.erat.config.ClassWeights;
import org.erat.config.ComputeSettings;
import org.erat.config.ComputeSettings.DeviceChoice;
import org.erat.config.ComputeSettings.Weights;
import org.erat.config.EarlyStoppingSettings;
import org.erat.config.HeadSettings;
import org.erat.config.HeadSettings.Pooling;
import org.erat.config.Method;
import org.erat.config.Precision;
import org.erat.config.ScheduleConfig;
import org.erat.config.ScheduleConfig.Coupling;
import org.erat.config.ScheduleConfig.Gradient;
import org.erat.config.ScheduleConfig.Granularity;
import org.erat.config.ScheduleConfig.Law;
import org.erat.config.ScheduleConfig.OverDepth;
import org.erat.config.ScheduleConfig.OverTime;
import org.erat.config.ScheduleConfig.Scale;
import org.erat.config.ScheduleConfig.Update;
import org.erat.config.TrainingSettings;
import org.erat.config.TrainingSettings.Averaging;
import org.erat.config.TrainingSettings.Decay;
import org.erat.config.TrainingSettings.Optimizer;
import org.erat.config.TrainingSettings.OptimizerState;
import org.erat.config.TrainingSettings.Transfer;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Projection;
import org.erat.data.basemodel.BaseModelDirectory;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.Targets;
import org.erat.data.tokenized.TaskType;
import org.erat.head.HeadSpec;
import org.erat.head.LossSettings;
import org.erat.learner.LearnerSpec;
import org.erat.learner.LearningRate;
import org.erat.learner.OptimizerSpec;
import org.erat.method.RankSchedule;
import org.erat.model.TinyBaseModel;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Learners over a {@link TinyBaseModel} for tests, and mini-batches for them: start from the defaults and change what the
 * test is about. The default computes in double precision.
 */
public final class TinyLearners {
    public DeviceChoice device = DeviceChoice.ND4J;
    public Precision precision = Precision.F64;
    public Weights weights = Weights.PACKED;
    public Activations activations = Activations.KEPT;
    public Set<Projection> projections = EnumSet.of(Projection.QUERY, Projection.VALUE);
    public Method method = Method.ERAT;
    public int rank = 4;
    public int minRank = 1;
    public Scale scale = Scale.ALPHA_OVER_WIDTH;
    public Update update = Update.WINDOW;
    public Gradient gradient = Gradient.AS_IS;
    public Granularity granularity = Granularity.STEP;
    public boolean sharedWindows = false;
    public double alpha = 8;
    public long totalSteps = 20;
    public long seed = 1;
    public double dropout = 0;
    public boolean freezeA = false;
    public TaskType task = TaskType.CLASSIFICATION;
    public Pooling pooling = Pooling.MEAN;
    public double headDropout = 0;
    public int outputs = 3;
    public Optimizer optimizer = Optimizer.ADAMW_ROW_LAZY;
    public double learningRate = 0.01;
    public double warmupShare = 0;
    public Decay decay = Decay.CONSTANT;
    public double weightDecay = 0;
    public double epsilon = 1e-8;
    public double clipNorm = 0;
    public int microBatchSize;
    public double labelSmoothing = 0;
    public List<Double> classWeights = List.of();
    public double historyNoise = 0.5;

    /** Of language models: whether tokens are predicted at mask tokens, and not at the tokens before them. */
    public boolean pseudoMask = false;

    private final Path directory;
    private final Architecture architecture;
    private final String sha256;

    public TinyLearners(TinyBaseModel base) {
        this(base.directory(), base.architecture(), base.sha256());
    }

    /** Over another prepared base model. */
    public TinyLearners(Path directory, Architecture architecture, String sha256) {
        this.directory = directory;
        this.architecture = architecture;
        this.sha256 = sha256;
    }

    /** Over the prepared base model of a directory. */
    public static TinyLearners over(Path directory) {
        try (BaseModelDirectory model = BaseModelDirectory.open(directory)) {
            return new TinyLearners(directory, model.architecture(), model.tensorsSha256());
        }
    }

    /** Predicts a number instead of a class. */
    public TinyLearners regression() {
        task = TaskType.REGRESSION;
        outputs = 1;
        return this;
    }

    /** Computes so instead of in double precision. */
    public TinyLearners on(DeviceChoice chosen, Precision of) {
        device = chosen;
        precision = of;
        return this;
    }

    public ScheduleConfig schedule() {
        return new ScheduleConfig(
                rank,
                minRank,
                1,
                0,
                0.5,
                0,
                Law.PREFIX_MIXTURE,
                OverTime.CONSTANT,
                OverDepth.FLAT,
                Coupling.INDEPENDENT,
                scale,
                update,
                gradient,
                sharedWindows,
                granularity,
                alpha);
    }

    /** The windows of {@link #schedule}. */
    public RankSchedule rankSchedule() {
        return new RankSchedule(schedule(), architecture.blocks(), totalSteps, seed);
    }

    public ComputeSettings compute() {
        return new ComputeSettings(device, 1, precision, weights, activations);
    }

    public TrainingSettings training() {
        return new TrainingSettings(
                1,
                1,
                4,
                microBatchSize,
                1,
                learningRate,
                warmupShare,
                decay,
                weightDecay,
                0.9,
                0.999,
                epsilon,
                clipNorm,
                labelSmoothing,
                ClassWeights.NONE,
                optimizer,
                OptimizerState.AVERAGE,
                Transfer.F32,
                Averaging.ROWS,
                1,
                0,
                new EarlyStoppingSettings(0, 0),
                0);
    }

    public LearnerSpec spec() {
        return new LearnerSpec(
                new org.apache.hadoop.fs.Path(directory.toUri()).toString(),
                sha256,
                architecture,
                compute(),
                new AdapterSpec(List.copyOf(projections), new RankScale(scale, alpha, rank), dropout, freezeA),
                head(),
                method,
                schedule(),
                new LossSettings(labelSmoothing, classWeights),
                historyNoise,
                microBatchSize,
                OptimizerSpec.of(training()),
                LearningRate.of(training(), totalSteps),
                totalSteps,
                seed);
    }

    private HeadSpec head() {
        boolean languageModel = task == TaskType.LANGUAGE_MODELING;
        HeadSpec head = HeadSpec.of(
                task,
                languageModel ? architecture.vocabulary() : outputs,
                new HeadSettings(pooling, headDropout),
                architecture);
        return languageModel && pseudoMask ? head.withLoss(HeadSpec.Loss.MASKED_TOKEN) : head;
    }

    /** The graph of {@link #spec} with its initial values. */
    public ComputationGraph graph() {
        return LearnerGraph.create(spec());
    }

    /** A graph with the values of {@link #adapters}. */
    public ComputationGraph trainedGraph(long valuesSeed) {
        ComputationGraph graph = graph();
        INDArray values = LearnerGraph.transformer(graph).params();
        double[] drawn = adapters(valuesSeed);
        for (int i = 0; i < drawn.length; i++) {
            values.putScalar(i, drawn[i]);
        }
        return graph;
    }

    /** Adapters whose B is random instead of zero, so that A has a gradient. */
    public double[] adapters(long valuesSeed) {
        Random random = new Random(valuesSeed);
        double[] values = new double[(int) spec().adapterLayout().length()];
        for (int i = 0; i < values.length; i++) {
            values[i] = 0.4 * random.nextGaussian();
        }
        return values;
    }

    /** Probabilities or numbers that a graph with these parameters gives for each mini-batch, with all rows. */
    public double[][] outputs(double[] parameters, List<Batch> batches) {
        ComputationGraph graph = graph();
        graph.setParams(Nd4j.createFromArray(parameters).castTo(graph.params().dataType()));
        double[][] outputs = batches.stream()
                .map(batch -> graph.output(BatchArrays.of(batch).getFeatures(0))[0]
                        .ravel()
                        .toDoubleVector())
                .toArray(double[][]::new);
        LearnerGraph.release(graph);
        return outputs;
    }

    /** {@link #batch} as Deeplearning4j takes it. */
    public MultiDataSet data(long batchSeed, int... lengths) {
        return BatchArrays.of(batch(batchSeed, lengths));
    }

    /** Random examples of these lengths; the targets follow from the tokens. */
    public Batch batch(long batchSeed, int... lengths) {
        Random random = new Random(batchSeed);
        int tokens = IntStream.of(lengths).max().orElseThrow();
        int[] ids = new int[lengths.length * tokens];
        int[] types = new int[ids.length];
        for (int i = 0; i < ids.length; i++) {
            boolean real = i % tokens < lengths[i / tokens];
            ids[i] = real ? 5 + random.nextInt(TinyBaseModel.VOCABULARY - 5) : architecture.padTokenId();
            types[i] = real && architecture.tokenTypes() > 1 ? random.nextInt(2) : 0;
        }
        long[] numbers = IntStream.range(0, lengths.length).asLongStream().toArray();
        return new Batch(ids, types, lengths, numbers, targets(ids, tokens, lengths));
    }

    private Targets targets(int[] ids, int tokens, int[] lengths) {
        IntStream firsts = IntStream.range(0, lengths.length).map(b -> ids[b * tokens]);
        return switch (task) {
            case CLASSIFICATION ->
                new Targets.Classes(firsts.map(id -> id % outputs).toArray());
            // Any of the classes, by the bits of the first token.
            case MULTI_LABEL_CLASSIFICATION -> {
                int[] bits = new int[lengths.length * Targets.LabelSets.WORDS];
                for (int b = 0; b < lengths.length; b++) {
                    bits[b * Targets.LabelSets.WORDS] = ids[b * tokens] & ((1 << outputs) - 1);
                }
                yield new Targets.LabelSets(bits);
            }
            case REGRESSION -> {
                double[] numbers = firsts.mapToDouble(id -> id / 25f - 1).toArray();
                float[] values = new float[numbers.length];
                for (int b = 0; b < values.length; b++) {
                    values[b] = (float) numbers[b];
                }
                yield new Targets.Numbers(values);
            }
            // Every second token of an example, from the first on.
            case TOKEN_CLASSIFICATION ->
                new Targets.TokenClasses(IntStream.range(0, ids.length)
                        .map(i -> {
                            int token = i % tokens;
                            boolean has = token < lengths[i / tokens] && token % 2 == 0;
                            return has ? ids[i] % outputs : Targets.NONE;
                        })
                        .toArray());
            // The next token of every token but the last.
            case LANGUAGE_MODELING ->
                new Targets.TokenClasses(IntStream.range(0, ids.length)
                        .map(i -> i % tokens + 1 < lengths[i / tokens] ? ids[i + 1] : Targets.NONE)
                        .toArray());
        };
    }
}
