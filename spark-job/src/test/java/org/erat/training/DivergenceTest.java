package org.erat.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.function.ObjIntConsumer;
import org.apache.spark.sql.SparkSession;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.compute.CudaDevice;
import org.erat.config.TrainingSettings.Optimizer;
import org.erat.model.TinyBaseModel;
import org.erat.network.TinyEncoders;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/** A number that is not finite ends the run before its round is applied, and is named by shard, step and block. */
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
        TinyEncoders tiny = new TinyEncoders(model);
        tiny.dataType = DataType.FLOAT;
        tiny.totalSteps = 6;
        tiny.minRank = tiny.rank;
        run = new TinyRun(tiny);
    }

    private DivergedException diverging(TrainingState from) {
        return catchThrowableOfType(DivergedException.class, () -> run.train(session, from, Integer.MAX_VALUE));
    }

    /** The start of a run of which some values are others. */
    private TrainingState spoilt(ObjIntConsumer<float[]> spoil, int block) {
        ComputationGraph graph = run.tiny.graph();
        GraphLayout layout = GraphLayout.of(graph);
        float[] parameters = graph.params().toFloatVector();
        layout.rowParameters(block, 1, (from, to) -> spoil.accept(parameters, from));
        return new TrainingState(0, parameters, new float[layout.stateLength()], new float[0]);
    }

    @ParameterizedTest
    @CsvSource({"nd4j, 0", "nd4j, 1", "nd4j, 2", "emulated-cuda, 1"})
    void theBlockWhoseOutputIsTheFirstNotToBeFiniteIsNamed(String device, int block) {
        CudaDevice.provideFor(device);
        run.tiny.device = device;
        DivergedException diverged = diverging(spoilt((values, at) -> values[at] = Float.NaN, block));

        assertThat(diverged.exitCode()).isEqualTo(4);
        assertThat(diverged)
                .hasMessageContaining("Loss NaN, first in the output of block " + block)
                .hasMessageContaining("at local step 0 of shard 0")
                .hasMessageContaining("round 1 is not applied")
                .hasMessageContaining("training.learning-rate");
    }

    @Test
    void aHeadThatIsNotFiniteIsNamed() {
        ComputationGraph graph = run.tiny.graph();
        GraphLayout layout = GraphLayout.of(graph);
        float[] parameters = graph.params().toFloatVector();
        parameters[parameters.length - 1] = Float.POSITIVE_INFINITY;

        assertThat(diverging(new TrainingState(0, parameters, new float[layout.stateLength()], new float[0])))
                .hasMessageContaining("first in the output of the head");
    }

    @Test
    void parametersThatAStepMadeInfiniteAreFoundInThatStepThoughItsLossIsFinite() {
        run.tiny.optimizer = Optimizer.SGD;
        run.tiny.learningRate = 1e300;
        run.clipNorm = 0;

        assertThat(diverging(null))
                .hasMessageContaining("A parameter that is not finite, first in block 0 at local step 0 of shard 0");
    }

    @Test
    void aGradientThatIsNotFiniteWhereLossIsFiniteIsNamedByTheBlockItAppearedInFirst() {
        // The step's own search, on a gradient that is spoilt in two blocks: the backward pass runs from the last.
        ComputationGraph graph = run.tiny.graph();
        GraphLayout layout = GraphLayout.of(graph);
        var batch = run.tiny.batch(1, 3, 2);
        graph.fit(batch);
        for (int block : new int[] {0, 1}) {
            layout.rowParameters(
                    block, 0, (from, to) -> graph.getFlattenedGradients().putScalar(from, Double.POSITIVE_INFINITY));
        }
        RoundState round =
                new RoundState(4, 8, 0, 2, 0, new SharedValues(graph.params().toFloatVector(), new float[0]));

        assertThat(new DivergenceSearch(graph, round, 1, 9).inLossOrGradient(graph.score(), batch))
                .hasMessageStartingWith("A gradient that is not finite, first in block 1 at local step 9 of shard 1")
                .hasMessageContaining("round 5 is not applied");
    }

    @Test
    void whicheverShardEndsFirstTheLowestStepAndThenTheLowestShardIsNamed() {
        List<ShardResult> results = new ArrayList<>();
        for (int[] at : new int[][] {{5, 0}, {3, 2}, {3, 1}, {4, 3}}) {
            results.add(ShardResult.diverged(at[1], new Divergence(at[0], at[1], 1, "Loss NaN")));
        }
        for (int rotation = 0; rotation < results.size(); rotation++) {
            Collections.rotate(results, 1);
            RoundTotals totals = results.stream().map(RoundTotals::of).reduce(RoundTotals.NONE, RoundTotals::plus);
            assertThatThrownBy(() -> DivergedException.throwFirst(totals))
                    .isInstanceOf(DivergedException.class)
                    .hasMessageContaining("at local step 3 of shard 1");
        }
    }

    @Test
    void theRoundIsNotAppliedThoughAnotherShardIsWell() {
        List<TrainingState> applied = new ArrayList<>();
        run.listener = (report, state) -> applied.add(state);
        int[] epochs = {0};
        run.disturbance = batches -> epochs[0]++ == 0
                ? batches
                : batches.mapPartitionsWithIndex(DivergenceTest::withoutLabelsInShardOne, true);

        DivergedException diverged = diverging(null);

        int firstEpoch = run.rounds().roundsPerEpoch();
        assertThat(diverged)
                .hasMessageContaining("in the output of the head")
                .hasMessageContaining("at local step " + run.rounds().stepsPerEpoch() + " of shard 1");
        assertThat(diverged.divergence().round()).isEqualTo(firstEpoch);
        assertThat(applied).hasSize(firstEpoch);
    }

    private static Iterator<MultiDataSet> withoutLabelsInShardOne(int shard, Iterator<MultiDataSet> batches) {
        List<MultiDataSet> all = new ArrayList<>();
        batches.forEachRemaining(batch -> {
            if (shard == 1) {
                batch.getLabels(0).assign(Double.NaN);
            }
            all.add(batch);
        });
        return all.iterator();
    }
}
