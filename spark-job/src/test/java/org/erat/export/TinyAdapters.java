package org.erat.export;

import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.erat.dl4j.TinyLearners;
import org.erat.learner.LearnerSpec;
import org.erat.model.BaseModelReference;

/** Adapters of random values for tests. */
public final class TinyAdapters {
    private TinyAdapters() {}

    /** An adapter for the task of {@code tiny}, judged by these metrics. */
    public static TrainedAdapter random(TinyLearners tiny, String... metrics) {
        LearnerSpec spec = tiny.spec();
        float[] parameters = new float[spec.layout().parameters()];
        Random random = new Random(3);
        for (int i = 0; i < parameters.length; i++) {
            parameters[i] = (float) (0.4 * random.nextGaussian());
        }
        return new TrainedAdapter(
                new BaseModelReference(spec.modelUri(), spec.modelSha256()),
                spec.architecture(),
                spec.adapter(),
                spec.head(),
                "tiny",
                tiny.task,
                names(tiny),
                List.of(metrics),
                parameters);
    }

    private static List<String> names(TinyLearners tiny) {
        return switch (tiny.task) {
            case REGRESSION, LANGUAGE_MODELING -> List.of();
            case CLASSIFICATION, MULTI_LABEL_CLASSIFICATION ->
                IntStream.range(0, tiny.outputs).mapToObj(c -> "class " + c).toList();
            case TOKEN_CLASSIFICATION -> List.of("O", "B-PER", "I-PER").subList(0, tiny.outputs);
        };
    }
}
