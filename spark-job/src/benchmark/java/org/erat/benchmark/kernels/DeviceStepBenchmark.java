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
import org.erat.compute.Precision;
import org.erat.compute.cuda.NoDevice;
import org.erat.config.JobConfig;
import org.erat.data.basemodel.ModelConfig;
import org.erat.data.tokenized.PaddedBatch;
import org.erat.model.BaseModel;
import org.erat.network.BatchArrays;
import org.erat.network.EncoderGraph;
import org.erat.network.EncoderSpec;
import org.erat.network.GraphSettings;
import org.erat.network.LocalSteps;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.MultiDataSet;
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
    private static final ModelConfig SHAPE = new ModelConfig("bert", 50, 384, 6, 12, 1536, 512, 2, 1e-12, "gelu", 0);
    private static final int BATCH = 32;
    private static final int TOKENS = 16;
    private static final int STEPS = 100_000_000;

    @Param({"lora", "erat"})
    public String method;

    private LocalSteps steps;
    private MultiDataSet batch;

    @Setup
    public void open() throws IOException {
        Path folder = Files.createTempDirectory("device-step-benchmark");
        RandomBaseModel.write(folder, SHAPE, "{}".getBytes(StandardCharsets.UTF_8));
        String settings =
                "method = %s\nmodel.path = \"%s\"\ndata.train = none\ncompute { device = cuda, precision = bf16 }"
                        .formatted(method, folder);
        JobConfig job = JobConfig.parse(settings, "benchmark", List.of());
        NoDevice.Counted device = NoDevice.open(Precision.BF16);
        Backends.provide("cuda", Precision.BF16, device.backend());
        EncoderSpec spec = EncoderSpec.of(
                job, BaseModel.describe(folder.toUri().toString(), new Configuration()), STEPS);
        ComputationGraph graph =
                EncoderGraph.create(spec, new GraphSettings(2, false, job.training(), STEPS, DataType.FLOAT));
        steps = LocalSteps.of(graph, 1);
        int[] lengths = new int[BATCH];
        Arrays.fill(lengths, TOKENS);
        batch = BatchArrays.of(
                new PaddedBatch(
                        new int[BATCH * TOKENS], new int[BATCH * TOKENS], lengths, new float[BATCH], new long[BATCH]),
                2,
                false);
        steps.step(batch);
        long before = device.calls().get();
        steps.step(batch);
        System.out.println("Calls of the driver in a step: " + (device.calls().get() - before));
    }

    @Benchmark
    public double step() {
        return steps.step(batch);
    }
}
