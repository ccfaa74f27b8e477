package org.erat.job;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.spark.SparkConf;
import org.erat.config.ComputeSettings;
import org.erat.config.ComputeSettings.Activations;
import org.erat.config.ComputeSettings.Weights;
import org.erat.config.Precision;
import org.erat.data.architecture.Activation;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Positions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The sizes are worked out by hand from H = 4, F = 8, two heads, two blocks, 16 rows of tables, B = 2, T = 3. */
class ExecutorMemoryTest {
    private static final Architecture MODEL =
            Architecture.encoder("bert", 10, 1, Positions.ofAllTokens(5), 2, 4, 2, 8, Activation.GELU, 1e-12, 0);

    /** Tables: 16 rows of 4 values of 4 bytes. */
    private static final int TABLES = 256;

    private static final int MATRICES = 1000;

    @ParameterizedTest
    @CsvSource({
        // Two copies of the matrices; 38 + 2·54 values of each of 6 tokens.
        "F32, PACKED, KEPT, 2256, 3504",
        "F32, PLAIN, KEPT, 1256, 3504",
        // 38 + 2·4 + 54 values of each token.
        "F32, PACKED, RECOMPUTED, 2256, 2400",
        "BF16, PACKED, KEPT, 1256, 1752",
        "BF16, PLAIN, RECOMPUTED, 756, 1200",
        "F64, PLAIN, KEPT, 2256, 7008"
    })
    void theNeedFollowsFromFormatLayoutAndWhatIsKept(
            Precision precision, Weights weights, Activations activations, long ofWeights, long ofTask) {
        ComputeSettings compute =
                new ComputeSettings(ComputeSettings.DeviceChoice.AUTO, 1, precision, weights, activations);
        SparkConf conf = new SparkConf(false).set("spark.executor.cores", "4").set("spark.task.cpus", "2");

        assertThat(ExecutorMemory.of(MODEL, TABLES + MATRICES, 2, 3, compute, conf))
                .isEqualTo(new ExecutorMemory(ofWeights, ofTask, 2));
    }
}
