package org.erat.benchmark.kernels;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.conf.Configuration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.benchmark.RandomBaseModel;
import org.erat.compute.Backends;
import org.erat.compute.cuda.NoDevice;
import org.erat.config.JobConfig;
import org.erat.config.Precision;
import org.erat.data.architecture.Architecture;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.Targets;
import org.erat.data.tokenized.TaskType;
import org.erat.dl4j.BatchArrays;
import org.erat.dl4j.LearnerGraph;
import org.erat.dl4j.LocalSteps;
import org.erat.learner.LearnerSpec;
import org.erat.model.BaseModel;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a step on a GPU costs on the host, without the driver's own part: MiniLM, 32 examples of 16 tokens, where the device
 * has least to do. Prints how many calls of the driver a step makes.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 3, time = 2)
public class DeviceStepBenchmark {
    private static final Architecture SHAPE = RandomBaseModel.bert(50, 512, 6, 384, 12, 1536);
    private static final int BATCH = 32;
    private static final int TOKENS = 16;
    private static final int STEPS = 100_000_000;

    @Param({"lora", "erat"})
    public String method;

    /** The learner, by which workers make their steps on a device, or Deeplearning4j's fit, which crosses to the host. */
    @Param({"learner", "fit"})
    public String by;

    private ComputationGraph graph;
    private LocalSteps steps;
    private Batch batch;

    @Setup
    public void open() throws IOException {
        Path folder = Files.createTempDirectory("device-step-benchmark");
        RandomBaseModel.write(folder, SHAPE, "{}".getBytes(StandardCharsets.UTF_8));
        String settings =
                "method = %s\nmodel.path = \"%s\"\ndata.train = none\ncompute { device = cuda, precision = bf16 }"
                        .formatted(method, folder);
        JobConfig job = JobConfig.parse(settings, "benchmark", List.of());
        NoDevice.Counted device = NoDevice.open(Precision.BF16);
        Backends.provide(job.compute(), device.backend());
        BaseModel base = BaseModel.describe(folder.toUri().toString(), new Configuration());
        graph = LearnerGraph.create(LearnerSpec.of(job, base, TaskType.CLASSIFICATION, 2, STEPS));
        steps = LocalSteps.byLearner(graph);
        int[] lengths = new int[BATCH];
        Arrays.fill(lengths, TOKENS);
        batch = new Batch(
                new int[BATCH * TOKENS],
                new int[BATCH * TOKENS],
                lengths,
                new long[BATCH],
                new Targets.Classes(new int[BATCH]));
        step();
        long before = device.calls().get();
        step();
        System.out.println("Calls of the driver in a step: " + (device.calls().get() - before));
    }

    @Benchmark
    public double step() {
        if (by.equals("learner")) {
            return steps.step(batch);
        }
        graph.fit(BatchArrays.of(batch));
        return graph.score();
    }
}
