package org.erat.training.round;

import java.util.List;
import javax.annotation.Nullable;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.erat.adapter.AdapterLayout;
import org.erat.monitoring.Phase;
import org.erat.training.RoundState;
import org.erat.training.RoundTotals;
import org.erat.training.Slice;
import org.erat.training.average.Aggregation;
import org.erat.training.average.RoundAverage;

/**
 * Rounds: broadcast the shared values, H local steps in each shard, the average in shard order, the outer step. The driver
 * records a round while the shards train the next one, unless a listener decides first whether there is one.
 *
 * @param <B> mini-batch
 */
public final class RoundLoop<B> {
    private final JavaSparkContext spark;
    private final RoundSettings settings;
    private final Aggregation.Parts parts;
    private final LocalTraining<B> training;
    private final List<RoundListener> listeners;

    /** @param training carried by Spark's serializer, so not a lambda */
    public RoundLoop(
            JavaSparkContext spark,
            RoundSettings settings,
            Aggregation.Parts parts,
            LocalTraining<B> training,
            List<RoundListener> listeners) {
        this.spark = spark;
        this.settings = settings;
        this.parts = parts;
        this.training = training;
        this.listeners = listeners;
    }

    /** A round that is applied. */
    private record Finished(RoundState start, RoundAverage average, TrainingState next, long nanos) {}

    /**
     * Trains the rounds that are left of a state's epoch, or as many as listeners let it.
     *
     * @param batches of the epoch; partition k is shard k
     * @return the state after the last round
     */
    public TrainingState trainEpoch(TrainingState from, JavaRDD<B> batches) {
        Broadcast<LocalTraining<B>> work = spark.broadcast(training);
        Broadcast<Aggregation.Parts> averaged = spark.broadcast(parts);
        Aggregation aggregation = Aggregation.of(batches.getNumPartitions(), averaged);
        OuterStep outerStep = new OuterStep(settings.outerLearningRate(), settings.outerMomentum());
        TrainingState state = from;
        Finished last = null;
        int end = (from.round() / settings.roundsPerEpoch() + 1) * settings.roundsPerEpoch();
        try {
            while (state.round() < end && !ended()) {
                long begun = System.nanoTime();
                RoundState start = settings.start(state, parts.encoding());
                Broadcast<RoundState> shared = spark.broadcast(start);
                Aggregation.Job job = begin(aggregation, batches, work, shared);
                RoundAverage average = recordMeanwhile(last, job).await();
                shared.destroy();
                DivergedException.throwFirst(average.totals());
                state = next(state, start, average, outerStep);
                last = new Finished(start, average, state, System.nanoTime() - begun);
                if (isDecidedAfter(state.round())) {
                    record(last);
                    last = null;
                }
            }
            record(last);
        } finally {
            work.destroy();
            averaged.destroy();
        }
        return state;
    }

    private boolean ended() {
        return listeners.stream().anyMatch(RoundListener::endsTraining);
    }

    private boolean isDecidedAfter(int round) {
        return listeners.stream().anyMatch(listener -> listener.decidesAfter(round));
    }

    private Aggregation.Job begin(
            Aggregation aggregation,
            JavaRDD<B> batches,
            Broadcast<LocalTraining<B>> work,
            Broadcast<RoundState> shared) {
        return Phase.named(
                spark.sc(),
                "round " + (shared.value().round() + 1) + " of " + settings.rounds() + ": local training",
                () -> aggregation.start(
                        batches.mapPartitionsWithIndex(
                                (shard, ofShard) -> List.of(work.value().run(shard, shared.value(), ofShard))
                                        .iterator(),
                                true),
                        shared));
    }

    private Aggregation.Job recordMeanwhile(@Nullable Finished round, Aggregation.Job next) {
        boolean recorded = false;
        try {
            record(round);
            recorded = true;
        } finally {
            if (!recorded) {
                next.cancel();
            }
        }
        return next;
    }

    private TrainingState next(TrainingState state, RoundState start, RoundAverage average, OuterStep outerStep) {
        float[] momentum = state.momentum().clone();
        float[] mean = parts.encoding().roundsParameters()
                ? unrounded(
                        average,
                        state.parameters(),
                        start.values(parts.encoding()).parameters())
                : average.values().parameters();
        float[] parameters = outerStep.apply(state.parameters(), mean, average.moved(), momentum);
        return new TrainingState(
                state.round() + 1,
                parameters,
                settings.keepsOptimizer() ? optimizer(state, average) : state.optimizer(),
                momentum);
    }

    /** The averaged state; that of rows without an average as it was before it was rounded on its way to the shards. */
    private float[] optimizer(TrainingState state, RoundAverage average) {
        float[] averaged = average.values().optimizer();
        if (!parts.encoding().changesValues()) {
            return averaged;
        }
        float[] kept = averaged.clone();
        int parameters = state.parameters().length;
        for (Slice slice : parts.encoding().slices()) {
            for (int row = 0; row < slice.rows(); row++) {
                if (!average.moved()[slice.runs(row).get(0).from()]) {
                    slice.forEachRun(row, (from, to) -> {
                        if (from >= parameters) {
                            System.arraycopy(state.optimizer(), from - parameters, kept, from - parameters, to - from);
                        }
                    });
                }
            }
        }
        return kept;
    }

    /**
     * The average of shards that began from rounded values, as if they had learned the same from the values themselves:
     * rounding on the way to the shards leaves no trace in what the driver holds.
     */
    private static float[] unrounded(RoundAverage average, float[] values, float[] sent) {
        float[] mean = values.clone();
        for (int i = 0; i < mean.length; i++) {
            if (average.moved()[i]) {
                mean[i] += average.values().parameters()[i] - sent[i];
            }
        }
        return mean;
    }

    private void record(@Nullable Finished round) {
        if (round == null) {
            return;
        }
        RoundReport report = report(round);
        for (RoundListener listener : listeners) {
            listener.roundDone(report, round.next());
        }
    }

    /** @param bySlot n[slot][row] */
    private long[][] weightsByBlock(long[]... bySlot) {
        AdapterLayout adapters = parts.layout().adapters();
        long[][] weights = new long[adapters.blocks()][adapters.rank()];
        for (AdapterLayout.Slot slot : adapters.slots()) {
            for (int row = 0; row < slot.rank(); row++) {
                weights[slot.block()][row] += bySlot[slot.index()][row];
            }
        }
        return weights;
    }

    private RoundReport report(Finished round) {
        RoundState start = round.start();
        RoundTotals totals = round.average().totals();
        int slots = parts.layout().adapters().slots().size();
        int lastStep = start.firstStep() + start.steps() - 1;
        return new RoundReport(
                start.round(),
                settings.rounds(),
                start.epoch(),
                lastStep + 1,
                totals.lossSum() / Math.max(1, totals.targets()),
                settings.learningRate().at(lastStep),
                totals.examples(),
                totals.tokens(),
                totals.paddedTokens(),
                (double) totals.activeRows() / Math.max(1, totals.steps() * slots),
                weightsByBlock(totals.rowWeights()),
                round.average().drift().getAsDouble(),
                start.bytes(),
                totals.bytes(),
                round.nanos() / 1e9,
                (round.nanos() - totals.slowestNanos()) / 1e9);
    }
}
