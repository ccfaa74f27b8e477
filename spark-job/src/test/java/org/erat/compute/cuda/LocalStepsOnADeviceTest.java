package org.erat.compute.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.util.List;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.compute.Backends;
import org.erat.compute.Precision;
import org.erat.model.TinyBaseModel;
import org.erat.network.EncoderGraph;
import org.erat.network.LocalSteps;
import org.erat.network.TinyEncoders;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.MultiDataSet;

/** What training asks of a device beside the numbers. */
class LocalStepsOnADeviceTest {
    private static final String COUNTED = "counted-cuda";

    /** Parameters and optimizer state at the end of a round. */
    private static final int DOWNLOADS_OF_A_ROUND = 2;

    @TempDir
    private Path folder;

    @Test
    void aStepWaitsOnceAndFromTheSecondRoundOnNothingIsAllocated() {
        assumeTrue(Emulator.obstacle().isEmpty(), Emulator::obstacle);
        EmulatedDriver driver = new EmulatedDriver().withWorkspace(1 << 20);
        Backends.provide(COUNTED, Precision.BF16, new CudaBackend(driver, Precision.BF16));
        TinyEncoders tiny = new TinyEncoders(TinyBaseModel.write(folder, TinyBaseModel.bert(2)));
        tiny.device = COUNTED;
        tiny.precision = "bf16";
        tiny.dataType = DataType.FLOAT;
        ComputationGraph graph = tiny.graph();
        List<MultiDataSet> batches = List.of(tiny.batch(1, 9, 9, 9), tiny.batch(2, 5, 7), tiny.batch(3, 1));
        int allocations = 0;
        for (int round = 0; round < 4; round++) {
            if (round == 1) {
                allocations = driver.allocations();
            }
            int downloads = driver.downloads();
            EncoderGraph.startAt(graph, batches.size() * round, 0);
            try (LocalSteps steps = LocalSteps.of(graph, 1)) {
                batches.forEach(steps::step);
                steps.finish();
            }
            assertThat(driver.downloads() - downloads).isEqualTo(batches.size() + DOWNLOADS_OF_A_ROUND);
        }
        assertThat(driver.allocations()).isEqualTo(allocations);
        driver.checkMarks();
    }
}
