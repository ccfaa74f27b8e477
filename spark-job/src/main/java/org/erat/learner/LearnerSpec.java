package org.erat.learner;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.Serializable;
import java.util.List;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.AdapterSpec;
import org.erat.adapter.RankScale;
import org.erat.config.ClassWeights;
import org.erat.config.ComputeSettings;
import org.erat.config.JobConfig;
import org.erat.config.Method;
import org.erat.config.PrefixSettings;
import org.erat.config.ScheduleConfig;
import org.erat.data.BadInputException;
import org.erat.data.UsageException;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Projection;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.Manifest;
import org.erat.data.tokenized.TaskType;
import org.erat.head.HeadSpec;
import org.erat.head.LossSettings;
import org.erat.method.AdapterMethod;
import org.erat.method.CounterRandom;
import org.erat.method.Methods;
import org.erat.model.BaseModel;
import org.erat.prefix.Noise;

/**
 * All that a training step depends on beside parameters and data. It travels as JSON text inside the configuration of a
 * graph, so that any process can rebuild the learner.
 *
 * @param modelUri base-model directory, a Hadoop path
 * @param modelSha256 SHA-256 of its weights, in hexadecimal
 * @param architecture of the base model
 * @param compute what tasks compute with
 * @param adapter the low-rank matrices
 * @param head the task head
 * @param method how the adapters are trained
 * @param schedule settings of the method
 * @param loss what the loss is in training
 * @param historyNoise of a prefix language model in training, see {@link Noise#history}
 * @param microBatchSize examples of a mini-batch that are worked at a time; 0 for all
 * @param optimizer what updates the parameters
 * @param learningRate by local step
 * @param totalSteps T, local steps of the whole run
 * @param seed of windows, dropout and initial values
 */
public record LearnerSpec(
        String modelUri,
        String modelSha256,
        Architecture architecture,
        ComputeSettings compute,
        AdapterSpec adapter,
        HeadSpec head,
        Method method,
        ScheduleConfig schedule,
        LossSettings loss,
        double historyNoise,
        int microBatchSize,
        OptimizerSpec optimizer,
        LearningRate learningRate,
        long totalSteps,
        long seed)
        implements Serializable {
    /** Keys of the adapters' dropout hold an offset in this place. */
    private static final long AFTER_THE_ADAPTERS = -1;

    private static final long HEAD_DROPOUT = 0x6865616464726f70L;

    // Sorted keys: equal specifications have equal text, which identifies a graph.
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS);

    /**
     * The specification of a run.
     *
     * @param totalSteps T
     */
    public static LearnerSpec of(JobConfig job, BaseModel model, Manifest data, long totalSteps) {
        return of(job, model, data.type(), data.outputs(), totalSteps);
    }

    /**
     * The specification of a run on a task.
     *
     * @param outputs of the head; a language model has one for each token of its vocabulary
     * @param totalSteps T
     * @throws UsageException if an adapter is wanted on a projection that the model lacks, or classes are
     *     weighed or smoothed that the task does not have
     * @throws BadInputException if a language model is wanted and the base model has no output layer
     */
    public static LearnerSpec of(JobConfig job, BaseModel model, TaskType task, int outputs, long totalSteps) {
        return new LearnerSpec(
                model.uri(),
                model.weightsSha256(),
                model.architecture(),
                job.compute(),
                new AdapterSpec(
                        targets(job, model.architecture()),
                        new RankScale(
                                job.schedule().scale(),
                                job.adapter().alpha(),
                                job.adapter().rank()),
                        job.adapter().dropout(),
                        job.adapter().freezeA()),
                head(job, model, task, outputs),
                job.method(),
                job.schedule(),
                loss(job, task, outputs),
                job.prefix().historyNoise(),
                job.training().microBatchSize(),
                OptimizerSpec.of(job.training()),
                LearningRate.of(job.training(), totalSteps),
                totalSteps,
                job.seed());
    }

    /** Balanced weights follow from the training data, see {@link #withClassWeights}. */
    private static LossSettings loss(JobConfig job, TaskType task, int outputs) {
        double smoothing = job.training().labelSmoothing();
        if (task == TaskType.REGRESSION && smoothing > 0) {
            throw new UsageException(
                    "training.label-smoothing spreads a class over the others, and a regression has none. Set it to 0.");
        }
        ClassWeights weights = job.training().classWeights();
        if (!weights.areNone() && (!task.hasClasses() || task.hasLabelSets())) {
            throw new UsageException("training.class-weights is " + weights + ", and a task of type " + task
                    + " has no one class of each target to weigh. Set it to none.");
        }
        List<Double> given = weights.given();
        if (!given.isEmpty() && given.size() != outputs) {
            throw new UsageException("training.class-weights has " + given.size() + " weights, and the data have "
                    + outputs + " classes. Give one for each class, in the order of labelNames in manifest.json.");
        }
        return new LossSettings(smoothing, given);
    }

    private static HeadSpec head(JobConfig job, BaseModel model, TaskType task, int outputs) {
        boolean languageModel = task == TaskType.LANGUAGE_MODELING;
        if (languageModel && !model.predictsTokens()) {
            throw new BadInputException(
                    model.uri() + ": lacks the output layer that predicts tokens. Prepare the base model"
                            + " from a checkpoint with its language-model head.");
        }
        Architecture architecture = model.architecture();
        HeadSpec head =
                HeadSpec.of(task, languageModel ? architecture.vocabulary() : outputs, job.head(), architecture);
        boolean masked = languageModel
                && !architecture.causal()
                && job.prefix().objective() == PrefixSettings.Objective.PSEUDO_MASK;
        return masked ? head.withLoss(HeadSpec.Loss.MASKED_TOKEN) : head;
    }

    private static List<Projection> targets(JobConfig job, Architecture architecture) {
        List<Projection> targets =
                job.adapter().targets().stream().map(Projection::of).toList();
        for (Projection target : targets) {
            if (!architecture.projections().contains(target)) {
                throw new UsageException(String.format(
                        "adapter.targets names %s, which models of the family %s do not have. Use some of %s.",
                        target.key(),
                        architecture.family(),
                        architecture.projections().stream().map(Projection::key).toList()));
            }
        }
        return targets;
    }

    /** The same with another peak of the learning rate. */
    public LearnerSpec withPeak(double peak) {
        return new LearnerSpec(
                modelUri,
                modelSha256,
                architecture,
                compute,
                adapter,
                head,
                method,
                schedule,
                loss,
                historyNoise,
                microBatchSize,
                optimizer,
                new LearningRate(peak, learningRate.warmupSteps(), learningRate.totalSteps(), learningRate.decay()),
                totalSteps,
                seed);
    }

    /** The same with other weights of classes. */
    public LearnerSpec withClassWeights(List<Double> weights) {
        return new LearnerSpec(
                modelUri,
                modelSha256,
                architecture,
                compute,
                adapter,
                head,
                method,
                schedule,
                loss.withClassWeights(weights),
                historyNoise,
                microBatchSize,
                optimizer,
                learningRate,
                totalSteps,
                seed);
    }

    /**
     * Weight of a step in the average of shards, for the rows that learned in it. A language model's loss is a mean over
     * target tokens, whose number differs from step to step and from shard to shard, so its steps weigh as much as they
     * have of them; the steps of other tasks weigh the same.
     */
    public int stepWeight(Batch batch) {
        return head.predictsTokens() ? batch.targets().count() : 1;
    }

    /** How a step of a shard corrupts the tokens of a prefix language model. */
    public Noise noise(long step, int shard) {
        return Noise.of(historyNoise, seed, step, shard);
    }

    /** Key of what the head drops in a step of a shard. */
    public long headDropout(long step, int shard) {
        return CounterRandom.key(seed, step, AFTER_THE_ADAPTERS, shard, HEAD_DROPOUT);
    }

    /** What plans the steps. */
    public AdapterMethod adapterMethod() {
        return Methods.of(method, schedule, architecture.blocks(), totalSteps, seed);
    }

    /** The layout of the adapters. */
    public AdapterLayout adapterLayout() {
        return adapter.layout(architecture);
    }

    /** The layout of all parameters and of the optimizer's state. */
    public ParameterLayout layout() {
        return new ParameterLayout(adapterLayout(), head.layout(), optimizer, adapter.freezeA());
    }

    /** This specification as JSON text. */
    public String toJson() {
        try {
            return JSON.writeValueAsString(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("The specification of a learner is not writable as JSON", e);
        }
    }

    /** The specification that {@link #toJson} wrote. */
    public static LearnerSpec fromJson(String text) {
        try {
            return JSON.readValue(text, LearnerSpec.class);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("Not the specification of a learner: " + text, e);
        }
    }
}
