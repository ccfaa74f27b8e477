package org.erat.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.config.ScheduleConfig.Granularity;
import org.erat.config.TrainingSettings.Optimizer;
import org.erat.data.basemodel.ModelConfig;
import org.erat.model.TinyBaseModel;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** The whole stack, from token ids to the updater, learns a small problem. */
class TrainingReducesLossTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({
        "bert, FLOAT, ADAMW_ROW_LAZY, STEP, false",
        "bert, DOUBLE, ADAMW_ROW_LAZY, EXAMPLE, false",
        "bert, FLOAT, ADAMW_DENSE, STEP, true",
        "roberta, FLOAT, ADAMW_ROW_LAZY, STEP, true",
        "roberta, DOUBLE, SGD, EXAMPLE, false",
    })
    void lossFallsAndAdaptersChange(
            String family, DataType type, Optimizer optimizer, Granularity granularity, boolean regression) {
        ModelConfig model = family.equals("bert") ? TinyBaseModel.bert(2) : TinyBaseModel.roberta(2);
        TinyEncoders tiny = new TinyEncoders(TinyBaseModel.write(folder, model));
        tiny.dataType = type;
        tiny.optimizer = optimizer;
        tiny.learningRate = optimizer == Optimizer.SGD ? 0.1 : 0.01;
        tiny.granularity = granularity;
        tiny.regression = regression;
        tiny.outputs = regression ? 1 : 3;
        ComputationGraph graph = tiny.graph();
        INDArray before = graph.params().dup();
        MultiDataSet batch = tiny.batch(3, 6, 4, 5, 2, 6, 3);

        double lossBefore = graph.score(batch);
        for (int step = 0; step < 60; step++) {
            graph.fit(batch);
        }

        assertThat(graph.score(batch)).isLessThan(0.7 * lossBefore);
        INDArray encoder = EncoderGraph.encoder(graph).params();
        long adapters = tiny.spec().layout().length();
        assertThat(encoder.length()).isEqualTo(adapters);
        INDArray encoderBefore = before.reshape(before.length())
                .get(NDArrayIndex.interval(0, adapters))
                .reshape(encoder.shape());
        assertThat(encoder.sub(encoderBefore).norm2Number().doubleValue()).isGreaterThan(0.01);
    }
}
