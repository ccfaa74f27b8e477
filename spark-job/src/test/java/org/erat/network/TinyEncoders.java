package org.erat.network;

import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Random;
import java.util.Set;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.adapter.Target;
import org.erat.config.HeadSettings.Pooling;
import org.erat.config.ScheduleConfig;
import org.erat.config.ScheduleConfig.Coupling;
import org.erat.config.ScheduleConfig.Granularity;
import org.erat.config.ScheduleConfig.Law;
import org.erat.config.ScheduleConfig.OverDepth;
import org.erat.config.ScheduleConfig.OverTime;
import org.erat.config.ScheduleConfig.Scale;
import org.erat.config.ScheduleConfig.Update;
import org.erat.config.TrainingSettings;
import org.erat.config.TrainingSettings.Decay;
import org.erat.config.TrainingSettings.Optimizer;
import org.erat.config.TrainingSettings.OptimizerState;
import org.erat.data.basemodel.ModelConfig;
import org.erat.data.tokenized.PaddedBatch;
import org.erat.model.TinyBaseModel;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;

/** Graphs over a {@link TinyBaseModel} for tests: start from the defaults and change what the test is about. */
public final class TinyEncoders {
    public String device = "nd4j";
    public String precision = "f32";
    public String weights = "packed";
    public String activations = "kept";
    public Set<Target> targets = EnumSet.of(Target.QUERY, Target.VALUE);
    public int rank = 4;
    public int minRank = 1;
    public Scale scale = Scale.ALPHA_OVER_WIDTH;
    public Update update = Update.WINDOW;
    public Granularity granularity = Granularity.STEP;
    public boolean sharedWindows = false;
    public double alpha = 8;
    public long totalSteps = 20;
    public long seed = 1;
    public double dropout = 0;
    public boolean freezeA = false;
    public Pooling pooling = Pooling.MEAN;
    public int outputs = 3;
    public boolean regression = false;
    public DataType dataType = DataType.DOUBLE;
    public Optimizer optimizer = Optimizer.ADAMW_ROW_LAZY;
    public double learningRate = 0.01;
    public double warmupShare = 0;
    public Decay decay = Decay.CONSTANT;
    public double weightDecay = 0;
    public double clipNorm = 0;

    private final Path directory;
    private final ModelConfig model;
    private final String sha256;

    public TinyEncoders(TinyBaseModel base) {
        this(base.directory(), base.config(), base.sha256());
    }

    /** Over another prepared base model. */
    public TinyEncoders(Path directory, ModelConfig model, String sha256) {
        this.directory = directory;
        this.model = model;
        this.sha256 = sha256;
    }

    public ScheduleConfig schedule() {
        return new ScheduleConfig(
                rank,
                minRank,
                1,
                0,
                0.5,
                Law.PREFIX_MIXTURE,
                OverTime.CONSTANT,
                OverDepth.FLAT,
                Coupling.INDEPENDENT,
                scale,
                update,
                sharedWindows,
                granularity,
                alpha);
    }

    public EncoderSpec spec() {
        return new EncoderSpec(
                new org.apache.hadoop.fs.Path(directory.toUri()).toString(),
                sha256,
                model,
                device,
                precision,
                weights,
                activations,
                1,
                targets,
                schedule(),
                totalSteps,
                seed,
                dropout,
                freezeA,
                pooling);
    }

    public TrainingSettings training() {
        return new TrainingSettings(
                1,
                1,
                4,
                1,
                learningRate,
                warmupShare,
                decay,
                weightDecay,
                0.9,
                0.999,
                1e-8,
                clipNorm,
                optimizer,
                OptimizerState.AVERAGE,
                1,
                0,
                0);
    }

    public GraphSettings settings() {
        return new GraphSettings(outputs, regression, training(), totalSteps, dataType);
    }

    public ComputationGraph graph() {
        return EncoderGraph.create(spec(), settings());
    }

    /** A graph whose B is random instead of zero, so that A has a gradient. */
    public ComputationGraph trainedGraph(long valuesSeed) {
        ComputationGraph graph = graph();
        Random random = new Random(valuesSeed);
        INDArray encoder = graph.getLayer(EncoderGraph.ENCODER).params();
        for (long i = 0; i < encoder.length(); i++) {
            encoder.putScalar(i, 0.4 * random.nextGaussian());
        }
        return graph;
    }

    /** Random examples of these lengths. */
    public MultiDataSet batch(long batchSeed, int... lengths) {
        return BatchArrays.of(padded(batchSeed, lengths), outputs, regression);
    }

    /** Random examples of these lengths; the label follows from the tokens. */
    public PaddedBatch padded(long batchSeed, int... lengths) {
        Random random = new Random(batchSeed);
        int tokens = 0;
        for (int length : lengths) {
            tokens = Math.max(tokens, length);
        }
        int[] ids = new int[lengths.length * tokens];
        int[] types = new int[ids.length];
        float[] labels = new float[lengths.length];
        long[] numbers = new long[lengths.length];
        for (int b = 0; b < lengths.length; b++) {
            for (int t = 0; t < tokens; t++) {
                int i = b * tokens + t;
                boolean real = t < lengths[b];
                ids[i] = real ? 5 + random.nextInt(TinyBaseModel.VOCABULARY - 5) : model.padTokenId();
                types[i] = real && model.typeVocabSize() > 1 ? random.nextInt(2) : 0;
            }
            labels[b] = regression ? ids[b * tokens] / 25f - 1 : ids[b * tokens] % outputs;
            numbers[b] = b;
        }
        return new PaddedBatch(ids, types, lengths, labels, numbers);
    }
}
