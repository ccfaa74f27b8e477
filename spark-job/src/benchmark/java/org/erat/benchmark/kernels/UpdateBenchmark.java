package org.erat.benchmark.kernels;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.conf.Configuration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.erat.benchmark.RandomBaseModel;
import org.erat.config.JobConfig;
import org.erat.data.architecture.Architecture;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.Targets;
import org.erat.data.tokenized.TaskType;
import org.erat.dl4j.BatchArrays;
import org.erat.dl4j.LearnerGraph;
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

/** The optimizer on all adapters and the head of an encoder as wide and deep as BERT-base. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
public class UpdateBenchmark {
    // The frozen maps are not updated, so their inner width does not matter here.
    private static final Architecture SHAPE = RandomBaseModel.bert(50, 8, 12, 768, 12, 8);

    @Param({"lora", "erat", "dylora"})
    public String method;

    private ComputationGraph graph;
    private int iteration;

    /** Makes one step, after which gradients are there and rows are marked. */
    @Setup
    public void open() throws IOException {
        Path folder = Files.createTempDirectory("update-benchmark");
        RandomBaseModel.write(folder, SHAPE, "{}".getBytes(StandardCharsets.UTF_8));
        String settings = "method = %s\nmodel.path = \"%s\"\ndata.train = none".formatted(method, folder);
        JobConfig job = JobConfig.parse(settings, "benchmark", List.of());
        BaseModel base = BaseModel.describe(folder.toUri().toString(), new Configuration());
        graph = LearnerGraph.create(LearnerSpec.of(job, base, TaskType.CLASSIFICATION, 2, 1000));
        Batch batch =
                new Batch(new int[] {1, 2}, new int[2], new int[] {2}, new long[1], new Targets.Classes(new int[] {1}));
        graph.fit(BatchArrays.of(batch));
    }

    @Benchmark
    public void adamW() {
        graph.getUpdater().update(graph.gradient(), iteration++, 0, 1, LayerWorkspaceMgr.noWorkspaces());
    }
}
