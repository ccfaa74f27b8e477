package org.erat.job;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.annotation.Nullable;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.storage.StorageLevel;
import org.erat.checkpoint.Checkpoint;
import org.erat.config.JobConfig;
import org.erat.config.RowOrder;
import org.erat.data.tokenized.Manifest;
import org.erat.data.tokenized.PackedExamples;
import org.erat.data.tokenized.Split;
import org.erat.evaluation.EvaluationRequest;
import org.erat.evaluation.Evaluator;
import org.erat.evaluation.Metric;
import org.erat.export.TrainedAdapter;
import org.erat.inference.AdapterUse;
import org.erat.inference.ShardInference;

/**
 * Measures a run every so many rounds, keeps the parameters of the best of them, and says when to stop. What it knows is
 * in every checkpoint, so that a run that is interrupted chooses as one that is not.
 */
final class RoundValidation implements AutoCloseable {
    private static final String STATE = "validation";

    private final SparkSession session;
    private final JobConfig job;
    private final RunInputs inputs;
    private final int rounds;
    private final RunListener listener;
    private final Metric metric;

    private BestRound best;

    @Nullable
    private float[] bestParameters;

    @Nullable
    private JavaRDD<PackedExamples> shards;

    /**
     * @param rounds of the run
     * @param from the checkpoint that training continues from; empty for a new run
     */
    RoundValidation(
            SparkSession session,
            JobConfig job,
            RunInputs inputs,
            int rounds,
            Optional<Checkpoint> from,
            RunListener listener) {
        this.session = session;
        this.job = job;
        this.inputs = inputs;
        this.rounds = rounds;
        this.listener = listener;
        this.metric = Metric.named(
                inputs.data().manifest().metrics().get(0), inputs.data().directory() + "/" + Manifest.FILE);
        this.best = from.map(checkpoint -> checkpoint.extra().get(STATE))
                .map(BestRound::parse)
                .orElse(BestRound.NONE);
        this.bestParameters = from.map(Checkpoint::best).orElse(null);
    }

    /** Whether quality is measured after a round. */
    boolean isDue(int round) {
        int every = job.evaluation().everyRounds();
        return every > 0 && (round % every == 0 || round == rounds);
    }

    /**
     * Measures a round.
     *
     * @param round from 1
     * @param parameters that it led to, which are not written to any more
     */
    RoundQuality measure(int round, float[] parameters) {
        TrainedAdapter adapter =
                TrainedAdapter.of(inputs.learner(job), inputs.data().manifest(), parameters);
        int limit = job.data().validationLimit();
        Map<Integer, Double> byRank = Evaluator.valuesByRank(
                session,
                new AdapterUse(
                        adapter,
                        inputs.model().uri(),
                        job.compute(),
                        job.evaluation().batchSize(),
                        job.evaluation().threshold()),
                shards(),
                inputs.validation().examples(Split.VALIDATION, limit),
                new EvaluationRequest(
                        Split.VALIDATION, orders(), job.evaluation().ranks(), List.of(), limit),
                listener::say);
        BestRound before = best;
        best = before.after(
                round,
                metric.higherIsBetter(RoundQuality.mean(byRank)),
                job.training().earlyStopping().leastGain());
        if (best.round() > before.round()) {
            bestParameters = parameters;
        }
        return new RoundQuality(metric, byRank, best.round(), metric.higherIsBetter(best.value()));
    }

    /** Read once, since every evaluation sees the same examples. */
    private JavaRDD<PackedExamples> shards() {
        if (shards == null) {
            shards = ShardInference.shards(
                            inputs.validation(),
                            Split.VALIDATION,
                            job.data().validationLimit(),
                            job.evaluation().batchSize())
                    .setName("validation shards of " + inputs.validation().directory())
                    .persist(StorageLevel.MEMORY_AND_DISK());
        }
        return shards;
    }

    /** With all rows every order is the same adapter. The data-aware one needs moments, which are measured at the end. */
    private List<RowOrder> orders() {
        if (job.evaluation().ranks().equals(List.of(job.adapter().rank()))) {
            return List.of(RowOrder.TRAINED);
        }
        List<RowOrder> orders = job.adapter().order().orders().stream()
                .filter(order -> order != RowOrder.DATA_AWARE)
                .toList();
        return orders.isEmpty() ? List.of(RowOrder.CANONICAL) : orders;
    }

    /** Whether training ends, since its evaluations have shown no gain for as long as the configuration waits. */
    boolean endsTraining() {
        int patience = job.training().earlyStopping().patience();
        return patience > 0 && best.withoutGain() >= patience;
    }

    /** The parameters of the best round so far; empty where no round was measured, or none to be a number. */
    Optional<float[]> bestParameters() {
        return Optional.ofNullable(bestParameters);
    }

    /** What a checkpoint keeps of this beside the parameters of the best round. */
    Map<String, String> state() {
        return job.evaluation().duringTraining() ? Map.of(STATE, best.toText()) : Map.of();
    }

    /** Says which round the adapter is of, and why there are no more. */
    void announce() {
        if (endsTraining()) {
            listener.say(
                    String.format("training ends early: no gain of %s in %d evaluations", metric, best.withoutGain()));
        }
        if (bestParameters != null) {
            listener.say(String.format(
                    "the adapter is that of round %d, the best by %s (%.4f)",
                    best.round(), metric, metric.higherIsBetter(best.value())));
        }
    }

    @Override
    public void close() {
        if (shards != null) {
            shards.unpersist(false);
        }
    }
}
