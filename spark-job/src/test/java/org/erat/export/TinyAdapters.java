package org.erat.export;

import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.erat.data.tokenized.TaskType;
import org.erat.network.EncoderSpec;
import org.erat.network.TinyEncoders;

/** Adapters of random values for tests. */
public final class TinyAdapters {
    private TinyAdapters() {}

    /** An adapter for the task of {@code tiny}, judged by these metrics. */
    public static TrainedAdapter random(TinyEncoders tiny, String... metrics) {
        EncoderSpec spec = tiny.spec();
        List<String> names = tiny.regression
                ? List.of()
                : IntStream.range(0, tiny.outputs).mapToObj(c -> "class " + c).toList();
        HeadShape head = HeadShape.of(spec, tiny.outputs);
        float[] parameters = new float[(int) (spec.layout().length() + head.length())];
        Random random = new Random(3);
        for (int i = 0; i < parameters.length; i++) {
            parameters[i] = (float) (0.4 * random.nextGaussian());
        }
        TaskType type = tiny.regression ? TaskType.REGRESSION : TaskType.CLASSIFICATION;
        return new TrainedAdapter(spec, "tiny", type, names, List.of(metrics), parameters);
    }
}
