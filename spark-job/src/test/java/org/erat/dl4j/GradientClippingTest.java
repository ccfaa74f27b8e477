package org.erat.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.config.TrainingSettings.Optimizer;
import org.erat.model.TinyBaseModel;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;

/** Under plain gradient descent with rate 1 the step is the gradient, so its norm shows what clipping did. */
class GradientClippingTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(doubles = {0.5, 0.999, 1.001, 100})
    void theMeanGradientOfAllParametersTogetherIsScaledToTheLargestNorm(double shareOfNorm) {
        TinyLearners tiny = new TinyLearners(TinyBaseModel.write(folder, TinyBaseModel.bert(1)));
        tiny.optimizer = Optimizer.SGD;
        tiny.learningRate = 1;
        MultiDataSet batch = tiny.data(1, 4, 2, 5);
        INDArray free = step(tiny.trainedGraph(1), batch);
        double norm = free.norm2Number().doubleValue();
        ComputationGraph graph = tiny.trainedGraph(1);
        graph.setListeners(new GradientClipping(shareOfNorm * norm));

        INDArray clipped = step(graph, batch);

        // Double precision: direction and length follow to a few roundings.
        INDArray expected = free.mul(Math.min(1, shareOfNorm));
        assertThat(clipped.sub(expected).norm2Number().doubleValue()).isCloseTo(0, within(1e-12 * norm));
    }

    private static INDArray step(ComputationGraph graph, MultiDataSet batch) {
        INDArray before = graph.params().dup();
        graph.fit(batch);
        return before.sub(graph.params());
    }
}
