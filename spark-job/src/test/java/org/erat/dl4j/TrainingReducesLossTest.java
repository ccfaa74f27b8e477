package org.erat.dl4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.config.ComputeSettings.DeviceChoice;
import org.erat.config.Method;
import org.erat.config.Precision;
import org.erat.config.ScheduleConfig.Granularity;
import org.erat.config.TrainingSettings.Optimizer;
import org.erat.data.architecture.Architecture;
import org.erat.data.tokenized.TaskType;
import org.erat.model.TinyBaseModel;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;

/** The whole stack, from token ids to the updater, learns a small problem. */
class TrainingReducesLossTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({
        "bert, F32, ADAMW_ROW_LAZY, ERAT, STEP, CLASSIFICATION",
        "bert, F64, ADAMW_ROW_LAZY, ERAT, EXAMPLE, CLASSIFICATION",
        "bert, F32, ADAMW_DENSE, ERAT, STEP, REGRESSION",
        "roberta, F32, ADAMW_ROW_LAZY, ERAT, STEP, REGRESSION",
        "roberta, F32, SGD, ERAT, EXAMPLE, CLASSIFICATION",
        "distilbert, F32, ADAMW_ROW_LAZY, MATRYOSHKA, STEP, TOKEN_CLASSIFICATION",
    })
    void lossFallsAndAdaptersChange(
            String family,
            Precision precision,
            Optimizer optimizer,
            Method method,
            Granularity granularity,
            TaskType task) {
        Architecture architecture =
                switch (family) {
                    case "roberta" -> TinyBaseModel.roberta(2);
                    case "distilbert" -> TinyBaseModel.distilBert(2);
                    default -> TinyBaseModel.bert(2);
                };
        TinyLearners tiny = new TinyLearners(TinyBaseModel.write(folder, architecture)).on(DeviceChoice.CPU, precision);
        tiny.optimizer = optimizer;
        tiny.learningRate = optimizer == Optimizer.SGD ? 0.1 : 0.01;
        tiny.method = method;
        tiny.granularity = granularity;
        tiny.task = task;
        tiny.outputs = task == TaskType.REGRESSION ? 1 : 3;
        ComputationGraph graph = tiny.graph();
        INDArray before = LearnerGraph.transformer(graph).params().dup();
        MultiDataSet batch = tiny.data(3, 6, 4, 5, 2, 6, 3);

        double lossBefore = graph.score(batch);
        for (int step = 0; step < 60; step++) {
            graph.fit(batch);
        }

        assertThat(graph.score(batch)).isLessThan(0.7 * lossBefore);
        INDArray adapters = LearnerGraph.transformer(graph).params();
        assertThat(adapters.length()).isEqualTo(tiny.spec().adapterLayout().length());
        assertThat(adapters.sub(before).norm2Number().doubleValue()).isGreaterThan(0.01);
    }
}
