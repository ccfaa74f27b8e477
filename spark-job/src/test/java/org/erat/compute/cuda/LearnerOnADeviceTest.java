package org.erat.compute.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import org.erat.compute.Backends;
import org.erat.config.ComputeSettings.DeviceChoice;
import org.erat.config.Precision;
import org.erat.data.tokenized.Batch;
import org.erat.dl4j.TinyLearners;
import org.erat.learner.AdaptedTransformer;
import org.erat.learner.Learner;
import org.erat.learner.LearnerSpec;
import org.erat.model.ModelRuntime;
import org.erat.model.TinyBaseModel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What training asks of a device beside the numbers. */
@SuppressWarnings("try") // A backend is provided as long as its block, which need not name it.
class LearnerOnADeviceTest {
    /** Parameters and optimizer state at the end of a round. */
    private static final int DOWNLOADS_OF_A_ROUND = 2;

    @TempDir
    private Path folder;

    @Test
    void aStepWaitsOnceAndFromTheSecondRoundOnNothingIsAllocated() {
        assumeTrue(Emulator.obstacle().isEmpty(), Emulator::obstacle);
        EmulatedDriver driver = new EmulatedDriver().withWorkspace(1 << 20);
        // Weights that nothing else in this JVM has loaded elsewhere.
        TinyLearners tiny = new TinyLearners(TinyBaseModel.write(folder, TinyBaseModel.bert(2, 16)))
                .on(DeviceChoice.CUDA, Precision.BF16);
        List<Batch> batches = List.of(tiny.batch(1, 9, 9, 9), tiny.batch(2, 5, 7), tiny.batch(3, 1));
        LearnerSpec spec = tiny.spec();
        AdaptedTransformer adapted = new AdaptedTransformer(spec, spec.adapterMethod());
        FloatBuffer parameters = FloatBuffer.allocate(spec.layout().parameters());
        FloatBuffer state = FloatBuffer.allocate(spec.layout().stateLength());
        int allocations = 0;
        ModelRuntime.discardIdle();
        try (Backends.Provided provided = Backends.provide(tiny.compute(), new CudaBackend(driver, Precision.BF16))) {
            for (int round = 0; round < 4; round++) {
                if (round == 1) {
                    allocations = driver.allocations();
                }
                int downloads = driver.downloads();
                try (ModelRuntime runtime = ModelRuntime.acquire(
                                spec.modelUri(), spec.modelSha256(), spec.architecture(), spec.compute());
                        Learner learner = new Learner(spec, adapted, runtime, parameters, state)) {
                    for (int step = 0; step < batches.size(); step++) {
                        learner.step(batches.get(step), batches.size() * round + step, 0);
                    }
                    learner.download(parameters, state);
                }
                assertThat(driver.downloads() - downloads).isEqualTo(batches.size() + DOWNLOADS_OF_A_ROUND);
            }
            assertThat(driver.allocations()).isEqualTo(allocations);
            driver.checkMarks();
        } finally {
            ModelRuntime.discardIdle();
        }
    }
}
