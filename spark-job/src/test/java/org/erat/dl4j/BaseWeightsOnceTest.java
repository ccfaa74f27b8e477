package org.erat.dl4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.config.ComputeSettings.DeviceChoice;
import org.erat.config.Precision;
import org.erat.model.ModelRuntime;
import org.erat.model.TinyBaseModel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.dataset.MultiDataSet;

/** A JVM holds base weights once, and only where it computes with them. */
class BaseWeightsOnceTest {
    @Test
    void aGraphLoadsNoneBeforeItsFirstPassTwoTasksShareThemAndTheLastOneFreesThem(@TempDir Path folder)
            throws Exception {
        // Weights that no other test of this JVM has.
        TinyLearners tiny = new TinyLearners(TinyBaseModel.write(folder, TinyBaseModel.bert(1, 12)))
                .on(DeviceChoice.CPU, Precision.F32);
        ModelRuntime.discardIdle();
        int before = ModelRuntime.copiesOfWeights();

        List<ComputationGraph> graphs = List.of(tiny.graph(), tiny.graph());

        assertThat(ModelRuntime.copiesOfWeights()).isEqualTo(before);
        MultiDataSet batch = tiny.data(1, 6, 3);
        List<Callable<Void>> tasks = new ArrayList<>();
        for (ComputationGraph graph : graphs) {
            tasks.add(() -> {
                graph.fit(batch);
                return null;
            });
        }
        ExecutorService threads = Executors.newFixedThreadPool(tasks.size());
        try {
            for (Future<Void> done : threads.invokeAll(tasks)) {
                done.get();
            }
        } finally {
            threads.shutdown();
        }
        assertThat(ModelRuntime.copiesOfWeights()).isEqualTo(before + 1);

        LearnerGraph.release(graphs.get(0));
        ModelRuntime.discardIdle();
        assertThat(ModelRuntime.copiesOfWeights()).as("one task still computes").isEqualTo(before + 1);
        LearnerGraph.release(graphs.get(1));
        assertThat(ModelRuntime.copiesOfWeights()).as("kept for the next task").isEqualTo(before + 1);
        ModelRuntime.discardIdle();
        assertThat(ModelRuntime.copiesOfWeights()).isEqualTo(before);
    }
}
