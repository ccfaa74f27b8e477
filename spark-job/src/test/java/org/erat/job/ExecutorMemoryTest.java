package org.erat.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.apache.spark.SparkConf;
import org.erat.config.Activations;
import org.erat.config.ComputeSettings.DeviceChoice;
import org.erat.config.ComputeSettings.Weights;
import org.erat.config.Precision;
import org.erat.data.UsageException;
import org.erat.dl4j.TinyLearners;
import org.erat.learner.LearnerSpec;
import org.erat.learner.ParameterLayout;
import org.erat.model.TinyBaseModel;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The sizes are worked out by hand from H = 8, F = 16, two heads, two blocks, 76 rows of tables, adapters of rank 4 on query
 * and value, B = 2, T = 3.
 */
class ExecutorMemoryTest {
    /** 76 rows of 8 values of 4 bytes. */
    private static final int TABLES = 2432;

    private static final int MATRICES = 1000;
    private static final int EXAMPLES = 2;
    private static final int TOKENS = 3;

    @TempDir
    private Path folder;

    private TinyLearners tiny;

    @BeforeEach
    void writeModel() {
        tiny = new TinyLearners(TinyBaseModel.write(folder, TinyBaseModel.bert(2)));
    }

    private static ExecutorMemory of(LearnerSpec learner, SparkConf conf) {
        return ExecutorMemory.of(learner, TABLES + MATRICES, EXAMPLES, TOKENS, conf);
    }

    /**
     * A token of a block keeps 24 values of query, key and value, 6 weights of its attention, 16 before two norms, 16 inner
     * ones, 8 of the input and 8 of the adapters, and 4 statistics in f32. A step makes 54 values a token more.
     */
    @ParameterizedTest
    @CsvSource({
        "F32, PACKED, kept, 4432, 4128, 2352, 1296",
        "F32, PLAIN, kept, 3432, 4128, 2352, 1296",
        "F32, PACKED, recomputed, 4432, 2352, 2352, 1296",
        "BF16, PACKED, kept, 3432, 2160, 1224, 648",
        "BF16, PLAIN, recomputed, 2932, 1224, 1224, 648",
        "F64, PLAIN, kept, 4432, 8064, 4608, 2592"
    })
    void theNeedFollowsFromFormatLayoutAndWhatIsKept(
            Precision precision,
            Weights weights,
            String activations,
            long ofWeights,
            long kept,
            long least,
            long made) {
        tiny.on(DeviceChoice.AUTO, precision);
        tiny.weights = weights;
        tiny.activations = activations.equals("kept") ? Activations.KEPT : Activations.RECOMPUTED;
        LearnerSpec learner = tiny.spec();
        SparkConf conf = new SparkConf(false).set("spark.executor.cores", "4").set("spark.task.cpus", "2");

        ExecutorMemory memory = of(learner, conf);

        ParameterLayout layout = learner.layout();
        long other = made
                + learner.head().outputBytes(EXAMPLES * TOKENS)
                + 4 * (2L * layout.parameters() + layout.stateLength());
        assertThat(memory.weights()).isEqualTo(ofWeights);
        assertThat(memory.task()).isEqualTo(new ExecutorMemory.Task(kept, least, 1, other));
        assertThat(memory.tasks()).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({"'local[3]', 3", "'local[3,2]', 3", "'local-cluster[1,2,1024]', 2", "yarn, 1"})
    void anExecutorRunsAsManyTasksAsItHasCores(String master, int tasks) {
        SparkConf conf = new SparkConf(false).set("spark.master", master).set("spark.executor.memoryOverhead", "1g");

        assertThat(of(tiny.spec(), conf).tasks()).isEqualTo(tasks);
    }

    @Test
    void aLimitThatIsTooSmallIsRefusedWithWhatWouldDo() {
        SparkConf conf = new SparkConf(false).set("spark.master", "yarn").set("spark.executor.memoryOverhead", "4m");

        assertThatThrownBy(() -> of(tiny.spec(), conf).check(conf))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("spark.executor.memoryOverhead gives 4")
                .hasMessageMatching(".* Add --spark-conf spark\\.executor\\.memoryOverhead=\\d+m\\.");
    }

    /** With a batch that keeps hundreds of MiB, so that there is room between the least and all. */
    @Test
    void whereKeepingLessWouldDoTheMessageSaysHowMuch() {
        SparkConf conf = new SparkConf(false).set("spark.master", "yarn");
        int examples = 1 << 15;
        ExecutorMemory memory = ExecutorMemory.of(tiny.spec(), TABLES, examples, 24, conf);
        long middle = (memory.task().kept() + memory.task().leastKept()) / 2;
        // The property has whole MiB.
        long limit = (memory.outside() - memory.task().kept() + middle) >> 20;
        long room = (limit << 20) - memory.outside() + memory.task().kept();
        conf.set("spark.executor.memoryOverhead", limit + "m");

        assertThatThrownBy(() -> memory.check(conf))
                .isInstanceOf(UsageException.class)
                .hasMessageEndingWith(", or --set compute.activations=" + (room >> 20) + "m.");
    }
}
