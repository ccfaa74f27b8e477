package org.erat.benchmark;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.erat.compute.Kernels;
import org.erat.compute.Tensor;
import org.erat.config.JobConfig;
import org.erat.data.tokenized.Targets;
import org.erat.data.tokenized.TaskType;
import org.erat.head.Head;
import org.erat.head.HeadSpec;
import org.erat.head.LossSettings;
import org.erat.model.BaseModel;
import org.erat.model.ModelRuntime;

/** Runs the head of a language model as it is asked: losses and the gradient of the states, without the model below. */
final class HeadRole implements ChildMain.Role {
    private static final double KIBIBYTE = 1024;

    private final int threads;

    HeadRole(int threads) {
        this.threads = threads;
    }

    /** Seconds of each pass, and the anonymous memory in bytes that the process has more after them. */
    @Override
    public ObjectNode answer(JsonNode request) throws IOException {
        Path model = Path.of(request.get("model").asText());
        JobConfig job = JobConfig.parse(
                """
                model.path = "%s"
                data.train = none
                compute { threads = %d, precision = %s, device = cpu }
                """
                        .formatted(model, threads, request.get("precision").asText()),
                "benchmark",
                List.of());
        BaseModel base = BaseModel.describe(model.toUri().toString(), new Configuration());
        int vocabulary = base.architecture().vocabulary();
        int width = base.architecture().width();
        int targets = request.get("targets").asInt();
        Random random = new Random(1);
        FloatBuffer values = FloatBuffer.allocate(targets * width);
        for (int i = 0; i < values.capacity(); i++) {
            values.put(i, (float) random.nextGaussian());
        }
        Targets next = new Targets.TokenClasses(random.ints(targets, 0, vocabulary).toArray());
        HeadSpec spec = HeadSpec.of(TaskType.LANGUAGE_MODELING, vocabulary, job.head(), base.architecture());
        ObjectNode answer = Child.JSON.createObjectNode();
        try (ModelRuntime runtime =
                ModelRuntime.acquire(base.uri(), base.weightsSha256(), base.architecture(), job.compute())) {
            Kernels kernels = runtime.kernels();
            Head head = Head.of(spec, LossSettings.PLAIN, runtime);
            Head.Parameters none = new Head.Parameters(null, null, 0);
            double before = anonymousBytes();
            try (Tensor states = kernels.memory().uploadSingle(values, targets, width);
                    Tensor losses = kernels.memory().allocateSingle(targets)) {
                for (int i = 0; i < request.get("passes").asInt(); i++) {
                    long start = System.nanoTime();
                    head.lossGradient(states, next, 1, 0, 0, none, losses).close();
                    answer.withArray("seconds").add((System.nanoTime() - start) / 1e9);
                }
            }
            answer.put("bytes", anonymousBytes() - before);
        }
        return answer;
    }

    private static double anonymousBytes() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("RssAnon:"))
                .mapToDouble(line -> KIBIBYTE * Double.parseDouble(line.replaceAll("\\D+", "")))
                .findFirst()
                .orElseThrow();
    }

    @Override
    public void close() {
        // The process ends.
    }
}
