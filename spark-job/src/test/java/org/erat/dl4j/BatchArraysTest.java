package org.erat.dl4j;

import static org.assertj.core.api.Assertions.assertThat;

import org.erat.config.HeadSettings;
import org.erat.config.HeadSettings.Pooling;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.Targets;
import org.erat.data.tokenized.TaskType;
import org.erat.head.HeadSpec;
import org.erat.model.TinyBaseModel;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.indexing.NDArrayIndex;

class BatchArraysTest {
    /** Above what a float holds exactly, as the vocabularies of large multilingual models nearly are. */
    private static final int LARGE_ID = (1 << 24) + 1;

    private static final int[] TOKEN_IDS = {2, LARGE_ID, 3, 2, 3, 0};
    private static final int[] TYPE_IDS = {0, 1, 1, 0, 0, 0};
    private static final int[] LENGTHS = {3, 2};

    private static Batch batch(Targets targets) {
        return new Batch(TOKEN_IDS, TYPE_IDS, LENGTHS, new long[2], targets);
    }

    private static HeadSpec head(TaskType task, int outputs) {
        return HeadSpec.of(task, outputs, new HeadSettings(Pooling.MEAN, 0), TinyBaseModel.bert(1));
    }

    private static void assertTokens(Batch actual) {
        assertThat(actual.tokenIds()).containsExactly(TOKEN_IDS);
        assertThat(actual.typeIds()).containsExactly(TYPE_IDS);
        assertThat(actual.lengths()).containsExactly(LENGTHS);
    }

    @Test
    void classesOfExamplesComeBack() {
        MultiDataSet data = BatchArrays.of(batch(new Targets.Classes(new int[] {LARGE_ID, 1})));

        assertThat(data.getFeatures(0).dataType()).isEqualTo(DataType.INT32);
        assertThat(data.getFeatures(0).shape()).containsExactly(2, 1 + 3 * 3);
        assertThat(data.getLabels(0).dataType()).isEqualTo(DataType.INT32);
        assertThat(data.getLabels(0).shape()).containsExactly(2, 1);
        Batch back = BatchArrays.batch(data, head(TaskType.CLASSIFICATION, 3));
        assertTokens(back);
        assertThat(((Targets.Classes) back.targets()).classes()).containsExactly(LARGE_ID, 1);
    }

    @Test
    void numbersComeBack() {
        MultiDataSet data = BatchArrays.of(batch(new Targets.Numbers(new float[] {0.1f, -3e8f})));

        assertThat(data.getLabels(0).shape()).containsExactly(2, 1);
        Batch back = BatchArrays.batch(data, head(TaskType.REGRESSION, 1));
        assertTokens(back);
        assertThat(((Targets.Numbers) back.targets()).numbers()).containsExactly(0.1f, -3e8f);
    }

    @Test
    void classesOfTokensComeBackAndFeaturesAloneTellWhichTokensHaveOne() {
        int[] classes = {Targets.NONE, 2, 0, 1, Targets.NONE, Targets.NONE};
        MultiDataSet data = BatchArrays.of(batch(new Targets.TokenClasses(classes)));

        assertThat(data.getLabels(0).dataType()).isEqualTo(DataType.INT32);
        assertThat(data.getLabels(0).shape()).containsExactly(2, 3);
        Batch back = BatchArrays.batch(data, head(TaskType.TOKEN_CLASSIFICATION, 3));
        assertTokens(back);
        assertThat(((Targets.TokenClasses) back.targets()).classes()).containsExactly(classes);
        Batch features = BatchArrays.batch(data.getFeatures(0));
        assertTokens(features);
        assertThat(features.targets().tokens()).containsExactly(1, 2, 3);
    }

    /** As Deeplearning4j may pass them on. */
    @Test
    void arraysMayBeViewsAndInColumnOrder() {
        INDArray features =
                BatchArrays.of(batch(new Targets.Classes(new int[] {0, 1}))).getFeatures(0);

        assertTokens(BatchArrays.batch(features.dup('f')));
        Batch second = BatchArrays.batch(features.get(NDArrayIndex.interval(1, 2), NDArrayIndex.all()));
        assertThat(second.tokenIds()).containsExactly(2, 3, 0);
        assertThat(second.lengths()).containsExactly(2);
    }
}
