package org.erat.dl4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.awaitility.Awaitility;
import org.erat.compute.device.TaskDevice;
import org.erat.config.ComputeSettings.DeviceChoice;
import org.erat.config.Precision;
import org.erat.model.TinyBaseModel;
import org.erat.training.TestSpark;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A pretend machine of four GPUs under Spark's own scheduling of them: two workers in processes of their own, each with
 * an executor of two GPUs and two tasks at a time. The GPUs are of a kind that nd4j-cuda-11.6 cannot run on.
 */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class GpuSchedulingTest {
    private static final int GPUS = 4;

    @TempDir
    private Path folder;

    /** What a task saw while all others were running too. */
    private record Seen(String executor, long process, String spark, String address, int ordinal)
            implements Serializable {}

    @Test
    void everyTaskHasAGpuOfItsOwnAndTheJobFallsBackToTheCpu() throws IOException {
        Path work = Path.of(System.getenv("SPARK_HOME"), "work");
        TinyRun.Outcome local;
        try (SparkSession session = TestSpark.open("local[2]")) {
            local = rounds().train(session);
        }
        String application;
        List<Seen> seen;
        TinyRun.Outcome onCluster;
        try (SparkSession cluster = TestSpark.open("local-cluster[2,2,1024]", gpus())) {
            application = cluster.sparkContext().applicationId();
            seen = atTheSameTime(JavaSparkContext.fromSparkContext(cluster.sparkContext()));
            onCluster = rounds().train(cluster);
        }

        assertThat(seen)
                .extracting(Seen::address)
                .containsExactlyInAnyOrder("0", "1", "2", "3")
                .containsExactlyElementsOf(seen.stream().map(Seen::spark).toList());
        // CUDA_VISIBLE_DEVICES of the executors names the GPUs backwards.
        assertThat(seen).allSatisfy(task -> assertThat(task.ordinal()).isEqualTo(3 - Integer.parseInt(task.address())));
        Map<Long, Set<String>> byProcess = seen.stream()
                .collect(Collectors.groupingBy(Seen::process, Collectors.mapping(Seen::address, Collectors.toSet())));
        assertThat(byProcess.values()).hasSize(2).containsExactlyInAnyOrder(Set.of("0", "1"), Set.of("2", "3"));

        assertThat(onCluster.last().parameters()).containsExactly(local.last().parameters());
        for (String executor : seen.stream().map(Seen::executor).distinct().toList()) {
            assertThat(Files.readAllLines(
                            work.resolve(application).resolve(executor).resolve("stderr")))
                    .filteredOn(line -> line.contains("compute on the CPU"))
                    .singleElement()
                    .asString()
                    .endsWith("Tasks of this executor compute on the CPU, not on the GPUs that Spark has assigned:"
                            + " NVIDIA H100, compute capability 9.0 is outside of 3.7 to 8.9, which nd4j-cuda-11.6"
                            + " runs on");
        }
    }

    private List<Seen> atTheSameTime(JavaSparkContext spark) throws IOException {
        String signals = Files.createDirectory(folder.resolve("signals")).toString();
        return spark.parallelize(IntStream.range(0, GPUS).boxed().toList(), GPUS)
                .map(task -> look(Path.of(signals)))
                .collect();
    }

    /** What this task is bound to, told when all others are bound too. */
    private static Seen look(Path signals) throws IOException {
        TaskContext task = TaskContext.get();
        TaskDevice.Binding binding = TaskDevice.binding();
        Files.createFile(signals.resolve(Integer.toString(task.partitionId())));
        Awaitility.await()
                .atMost(2, TimeUnit.MINUTES)
                .until(() -> Objects.requireNonNull(signals.toFile().list()).length == GPUS);
        return new Seen(
                SparkEnv.get().executorId(),
                ProcessHandle.current().pid(),
                task.resourcesJMap().get("gpu").addresses()[0],
                binding.address(),
                binding.ordinal());
    }

    private TinyRun rounds() {
        TinyLearners tiny = new TinyLearners(TinyBaseModel.write(folder.resolve("model"), TinyBaseModel.bert(2)))
                .on(DeviceChoice.AUTO, Precision.F32);
        tiny.totalSteps = 6;
        TinyRun run = new TinyRun(tiny);
        run.shards = GPUS;
        return run;
    }

    private SparkConf gpus() throws IOException {
        Files.createDirectories(Path.of(System.getenv("SPARK_HOME"), "jars"));
        Path bin = Files.createDirectories(folder.resolve("bin"));
        script(
                bin.resolve("nvidia-smi"),
                """
                #!/bin/sh
                case $1 in
                  *compute_cap*) for i in 0 1 2 3; do echo "$i, GPU-$i$i, 9.0, NVIDIA H100"; done ;;
                  *) for i in 0 1 2 3; do echo "$i, GPU-$i$i"; done ;;
                esac
                """);
        // Real workers are on machines of their own, or are told apart by CUDA_VISIBLE_DEVICES.
        Path discovery = script(
                folder.resolve("discover"),
                """
                #!/bin/sh
                PATH=%1$s:$PATH
                if mkdir %2$s 2>/dev/null; then CUDA_VISIBLE_DEVICES=0,1; else CUDA_VISIBLE_DEVICES=2,3; fi
                export CUDA_VISIBLE_DEVICES
                exec %3$s
                """
                        .formatted(
                                bin,
                                folder.resolve("first-worker"),
                                Path.of("../conf/discover-gpus")
                                        .toAbsolutePath()
                                        .normalize()));
        String classes = TestSpark.executors().get("spark.executor.extraClassPath");
        return TestSpark.executors()
                .set("spark.executor.extraClassPath", pretendCuda() + ":" + classes)
                .set("spark.executorEnv.PATH", bin + ":" + System.getenv("PATH"))
                .set("spark.executorEnv.CUDA_VISIBLE_DEVICES", "3,2,1,0")
                .set("spark.worker.resource.gpu.amount", "2")
                .set("spark.worker.resource.gpu.discoveryScript", discovery.toString())
                .set("spark.executor.resource.gpu.amount", "2")
                .set("spark.task.resource.gpu.amount", "1");
    }

    private static Path script(Path file, String text) throws IOException {
        Files.writeString(file, text);
        assertThat(file.toFile().setExecutable(true)).isTrue();
        return file;
    }

    /** What the profile cuda-11.6 adds to the job, without the library itself: ND4J's CUDA backend by name only. */
    private Path pretendCuda() throws IOException {
        Path classes = folder.resolve("cuda");
        Path backend = classes.resolve("org/nd4j/linalg/jcublas/JCublasBackend.class");
        Files.createDirectories(backend.getParent());
        Files.write(backend, new byte[0]);
        try (Stream<Path> services = Files.list(Path.of("src/cuda/resources/META-INF/services"))) {
            Path folder = Files.createDirectories(classes.resolve("META-INF/services"));
            for (Path service : services.toList()) {
                Files.copy(service, folder.resolve(service.getFileName().toString()));
            }
        }
        return classes;
    }
}
