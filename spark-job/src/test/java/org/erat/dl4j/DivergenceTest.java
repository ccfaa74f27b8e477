package org.erat.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.sql.SparkSession;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.adapter.AdapterLayout;
import org.erat.config.ComputeSettings.DeviceChoice;
import org.erat.config.Precision;
import org.erat.config.TrainingSettings.Optimizer;
import org.erat.config.TrainingSettings.OptimizerState;
import org.erat.config.TrainingSettings.Transfer;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.Targets;
import org.erat.learner.NotFiniteException;
import org.erat.learner.ParameterLayout;
import org.erat.learner.TestDevice;
import org.erat.model.TinyBaseModel;
import org.erat.training.Encoding;
import org.erat.training.RoundState;
import org.erat.training.SharedValues;
import org.erat.training.TestSpark;
import org.erat.training.round.DivergedException;
import org.erat.training.round.TrainingState;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A number that is not finite ends the run before its round is applied, and is named by shard, step and block. */
@SuppressWarnings("try") // A device is in use as long as its block, which need not name it.
class DivergenceTest {
    private static final int BLOCKS = 3;

    @TempDir
    private static Path folder;

    private static SparkSession session;
    private static TinyBaseModel model;

    private TinyRun run;

    @BeforeAll
    static void start() {
        session = TestSpark.open("local[2]");
        model = TinyBaseModel.write(folder, TinyBaseModel.bert(BLOCKS));
    }

    @AfterAll
    static void stop() {
        session.stop();
    }

    @BeforeEach
    void everyRowInEveryWindow() {
        TinyLearners tiny = new TinyLearners(model).on(DeviceChoice.ND4J, Precision.F32);
        tiny.clipNorm = 1;
        tiny.totalSteps = 6;
        tiny.minRank = tiny.rank;
        run = new TinyRun(tiny);
    }

    private DivergedException diverging(TrainingState from) {
        return catchThrowableOfType(DivergedException.class, () -> run.train(session, from));
    }

    /** The start of a run of which one value is another. */
    private TrainingState spoilt(int at, float value) {
        float[] parameters = HostArrays.read(run.tiny.graph().params());
        parameters[at] = value;
        return new TrainingState(0, parameters, new float[layout().stateLength()], new float[0]);
    }

    private ParameterLayout layout() {
        return run.tiny.spec().layout();
    }

    /** The first value of row i of the first adapter of a block. */
    private int firstOfRow(int block, int row) {
        AdapterLayout.Slot slot = layout().adapters()
                .slot(block, layout().adapters().projections().get(0));
        return (int) slot.rowOfA(row);
    }

    @ParameterizedTest
    @CsvSource({"ND4J, 0", "CPU, 1", "ND4J, 2", "EMULATED_CUDA, 1"})
    void theBlockWhoseOutputIsTheFirstNotToBeFiniteIsNamed(TestDevice device, int block) {
        try (TestDevice.InUse unused = device.use(run.tiny, Precision.F32)) {
            DivergedException diverged = diverging(spoilt(firstOfRow(block, 1), Float.NaN));

            assertThat(diverged.exitCode()).isEqualTo(4);
            assertThat(diverged)
                    .hasMessageContaining("Loss NaN, first in the output of block " + block)
                    .hasMessageContaining("at local step 0 of shard 0")
                    .hasMessageContaining("round 1 is not applied")
                    .hasMessageContaining("training.learning-rate");
        }
    }

    @Test
    void aHeadThatIsNotFiniteIsNamed() {
        assertThat(diverging(spoilt(layout().parameters() - 1, Float.POSITIVE_INFINITY)))
                .hasMessageContaining("first in the output of the head");
    }

    @Test
    void parametersThatAStepMadeInfiniteAreFoundInThatStepThoughItsLossIsFinite() {
        run.tiny.optimizer = Optimizer.SGD;
        run.tiny.learningRate = 1e300;
        run.tiny.clipNorm = 0;

        assertThat(diverging(null))
                .hasMessageContaining("A parameter that is not finite, first in block 0 at local step 0 of shard 0");
    }

    @Test
    void aGradientThatIsNotFiniteWhereLossIsFiniteIsNamedByTheBlockItAppearedInFirst() {
        // The step's own search, on a gradient that is spoilt in two blocks: the backward pass runs from the last.
        ComputationGraph graph = run.tiny.graph();
        Batch batch = run.tiny.batch(1, 3, 2);
        graph.fit(BatchArrays.of(batch));
        for (int block : new int[] {0, 1}) {
            graph.getFlattenedGradients().putScalar(firstOfRow(block, 0), Double.POSITIVE_INFINITY);
        }
        RoundState round = new RoundState(
                4,
                8,
                0,
                2,
                0,
                Encoding.of(run.tiny.spec().layout(), OptimizerState.RESET, Transfer.F32, 1)
                        .encode(new SharedValues(graph.params().toFloatVector(), new float[0]), 4));

        assertThat(new DivergenceSearch(graph, round, 1, 9)
                        .find(NotFiniteException.before(graph.score(), Double.POSITIVE_INFINITY), batch))
                .hasMessageStartingWith("A gradient that is not finite, first in block 1 at local step 9 of shard 1")
                .hasMessageContaining("round 5 is not applied");
        LearnerGraph.release(graph);
    }

    @Test
    void theRoundIsNotAppliedThoughAnotherShardIsWell() {
        // Of all targets only numbers can be spoilt.
        run.tiny.regression();
        List<TrainingState> applied = new ArrayList<>();
        run.listener = (report, state) -> applied.add(state);
        int[] epochs = {0};
        run.disturbance = batches -> epochs[0]++ == 0
                ? batches
                : batches.mapPartitionsWithIndex(DivergenceTest::withoutNumbersInShardOne, true);

        DivergedException diverged = diverging(null);

        int firstEpoch = run.rounds().roundsPerEpoch();
        assertThat(diverged)
                .hasMessageContaining("in the output of the head")
                .hasMessageContaining("at local step " + run.rounds().stepsPerEpoch() + " of shard 1");
        assertThat(diverged.divergence().round()).isEqualTo(firstEpoch);
        assertThat(applied).hasSize(firstEpoch);
    }

    private static Iterator<Batch> withoutNumbersInShardOne(int shard, Iterator<Batch> batches) {
        List<Batch> all = new ArrayList<>();
        batches.forEachRemaining(batch -> {
            if (shard == 1) {
                Arrays.fill(((Targets.Numbers) batch.targets()).numbers(), Float.NaN);
            }
            all.add(batch);
        });
        return all.iterator();
    }
}
