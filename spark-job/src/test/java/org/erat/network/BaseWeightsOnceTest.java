package org.erat.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.model.BaseWeightStore;
import org.erat.model.TinyBaseModel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.MultiDataSet;

/** A JVM holds base weights once, and only where it computes with them. */
class BaseWeightsOnceTest {
    @Test
    void noGraphLoadsBaseWeightsAndTwoTasksShareThem(@TempDir Path folder) throws Exception {
        TinyEncoders tiny = new TinyEncoders(TinyBaseModel.write(folder, TinyBaseModel.bert(7)));
        tiny.device = "cpu";
        tiny.dataType = DataType.FLOAT;
        int before = BaseWeightStore.copies();

        List<ComputationGraph> graphs = List.of(tiny.graph(), tiny.graph());

        assertThat(BaseWeightStore.copies()).isEqualTo(before);
        MultiDataSet batch = tiny.batch(1, 6, 3);
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
        assertThat(BaseWeightStore.copies()).isEqualTo(before + 1);
    }
}
