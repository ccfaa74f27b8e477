package org.erat.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.erat.checkpoint.ResumableException;
import org.erat.config.JobConfig;
import org.erat.tracking.FakeMlflow;
import org.erat.training.TestSpark;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.framework.Summary;

/** Whole runs that TensorBoard and an MLflow server follow. */
class TrackedRunTest {
    private static final String BY_RANK = "quality by rank/canonical/accuracy";

    @TempDir
    private static Path folder;

    private static SparkSession session;
    private static TinyProject project;

    @BeforeAll
    static void prepare() {
        session = TestSpark.open("local[2]");
        project = TinyProject.prepare(session, folder);
    }

    @AfterAll
    static void stop() {
        session.stop();
    }

    private static void submit(JobConfig job, String run, RunListener listener) {
        new TrainingRun(session, job, listener).run(folder.resolve(run).toString(), false);
    }

    @Test
    void aRunThatWasInterruptedIsOneRunInBothTools() throws IOException {
        Path events = folder.resolve("events");
        try (FakeMlflow mlflow = FakeMlflow.start(0)) {
            JobConfig job = project.job(
                    "tracking.mlflow=" + mlflow.address(),
                    "tracking.experiment=moods & more",
                    "tracking.tensorboard=" + events);
            assertThatThrownBy(() -> submit(job, "tracked", Watching.cancellingAfter(3)))
                    .isInstanceOf(ResumableException.class);
            assertThat(mlflow.run().statuses).containsExactly("RUNNING", "KILLED");
            Watching watching = Watching.toTheEnd();
            submit(job, "tracked", watching);

            FakeMlflow.Run run = mlflow.run();
            assertThat(watching.lines).noneMatch(line -> line.contains("tracking"));
            assertThat(run.experiment).isEqualTo("moods & more");
            assertThat(run.name).isEqualTo("tracked");
            assertThat(run.statuses).containsExactly("RUNNING", "KILLED", "RUNNING", "FINISHED");
            assertThat(run.parameters)
                    .containsEntry("adapter.rank", "4")
                    .containsEntry("adapter.targets", "[query, value]")
                    .containsEntry("training.learning-rate", "0.02");
            assertThat(run.tags).containsKeys("run directory", "application", "data and weights");
            assertThat(run.metrics.get("loss").keySet()).hasSize(TinyProject.ROUNDS);
            assertThat(run.metrics.get(BY_RANK).keySet()).containsExactly(1L, 2L, 3L, 4L);
            for (String file :
                    List.of("report.html", "config.conf", "evaluation.json", "adapter/adapter_model.safetensors")) {
                assertThat(run.artifacts.get(file))
                        .as(file)
                        .isEqualTo(Files.readAllBytes(folder.resolve("tracked").resolve(file)));
            }
            assertThat(scalars(events.resolve("tracked"), "loss"))
                    .containsExactlyElementsOf(run.metrics.get("loss").entrySet().stream()
                            .map(entry ->
                                    entry.getKey() + " " + entry.getValue().floatValue())
                            .toList());
            assertThat(scalars(events.resolve("tracked"), BY_RANK)).hasSize(TinyProject.RANK);
        }
    }

    @Test
    void aServerThatCannotBeReachedIsNamedAndTheRunGoesOn() throws IOException {
        int closed;
        try (ServerSocket socket = new ServerSocket(0)) {
            closed = socket.getLocalPort();
        }
        Watching watching = Watching.toTheEnd();
        submit(project.job("tracking.mlflow=http://127.0.0.1:" + closed), "alone", watching);
        assertThat(folder.resolve("alone/_SUCCESS")).exists();
        assertThat(watching.lines)
                .filteredOn(line -> line.startsWith("warning: tracking.mlflow = http://127.0.0.1:" + closed))
                .hasSize(2);
    }

    @Test
    void aRunThatContinuesMayBeFollowedElsewhere() throws IOException {
        try (FakeMlflow first = FakeMlflow.start(0);
                FakeMlflow second = FakeMlflow.start(0)) {
            assertThatThrownBy(() -> submit(
                            project.job("tracking.mlflow=" + first.address()), "moved", Watching.cancellingAfter(4)))
                    .isInstanceOf(ResumableException.class);
            submit(project.job("tracking.mlflow=" + second.address()), "moved", Watching.toTheEnd());
            assertThat(first.run().statuses).containsExactly("RUNNING", "KILLED");
            assertThat(second.run().statuses).containsExactly("RUNNING", "FINISHED");
            assertThat(second.run().metrics.get("loss").keySet()).hasSize(TinyProject.ROUNDS - 4);
        }
    }

    /** Steps and values of a tag in all event files of a folder, read field by field. */
    private static List<String> scalars(Path folder, String tag) throws IOException {
        List<String> found = new ArrayList<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.sorted().toList()) {
                ByteBuffer records = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
                while (records.hasRemaining()) {
                    byte[] event = new byte[(int) records.getLong()];
                    records.getInt();
                    records.get(event);
                    records.getInt();
                    addScalars(ByteBuffer.wrap(event), tag, found);
                }
            }
        }
        return found;
    }

    private static void addScalars(ByteBuffer event, String tag, List<String> found) {
        long step = 0;
        while (event.hasRemaining()) {
            long key = varint(event);
            switch ((int) (key & 7)) {
                case 0 -> step = varint(event);
                case 1 -> event.getLong();
                case 2 -> {
                    byte[] bytes = new byte[(int) varint(event)];
                    event.get(bytes);
                    if (key >> 3 == 5) {
                        add(summary(bytes), tag, step, found);
                    }
                }
                default -> throw new AssertionError("field " + key);
            }
        }
    }

    private static void add(Summary summary, String tag, long step, List<String> found) {
        summary.getValueList().stream()
                .filter(value -> value.getTag().equals(tag))
                .forEach(value -> found.add(step + " " + value.getSimpleValue()));
    }

    private static Summary summary(byte[] bytes) {
        try {
            return Summary.parseFrom(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long varint(ByteBuffer bytes) {
        long value = 0;
        for (int shift = 0; ; shift += 7) {
            byte next = bytes.get();
            value |= (long) (next & 0x7f) << shift;
            if (next >= 0) {
                return value;
            }
        }
    }
}
