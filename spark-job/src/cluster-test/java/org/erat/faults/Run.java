package org.erat.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.erat.training.TinyProject;

/**
 * A run of the job that a test disturbs: its command, which may be submitted many times, and its run directory.
 *
 * @param project what it trains
 * @param directory its run directory as the command is given it
 * @param spark properties of its submission
 * @param settings of the job, as {@code --set} takes them
 */
record Run(Project project, String directory, Map<String, String> spark, List<String> settings) {
    private static final Pattern EXECUTOR_ADDED = Pattern.compile("executor (\\d+) added");
    private static final Pattern ROUND = Pattern.compile("] round (\\d+)/");
    private static final Pattern EXECUTOR_LOST = Pattern.compile("executor (\\d+) lost");

    /** A run on a cluster, its directory on the local disk. */
    static Run on(Standalone cluster, Project project, String name) {
        return new Run(
                project, project.folder().resolve(name).toString(), Map.of("spark.master", cluster.url()), List.of());
    }

    Run with(String property, String value) {
        Map<String, String> more = new TreeMap<>(spark);
        more.put(property, value);
        return new Run(project, directory, more, settings);
    }

    Run set(String setting) {
        List<String> more = new ArrayList<>(settings);
        more.add(setting);
        return new Run(project, directory, spark, more);
    }

    Run in(String otherDirectory) {
        return new Run(project, otherDirectory, spark, settings);
    }

    /** Submits the command, the same each time. */
    Started submit() {
        return submit(UnaryOperator.identity());
    }

    /**
     * Submits the command.
     *
     * @param around what it is run by
     */
    Started submit(UnaryOperator<List<String>> around) {
        List<String> options = new ArrayList<>(List.of("-Xmx768m"));
        Map<String, String> properties = new TreeMap<>(ShippedDefaults.PROPERTIES);
        properties.putAll(Map.of(
                "spark.ui.enabled", "false",
                "spark.driver.host", "127.0.0.1",
                "spark.driver.bindAddress", "127.0.0.1",
                "spark.sql.shuffle.partitions", "2",
                "spark.executor.memory", "600m",
                "spark.executor.extraClassPath", System.getProperty("java.class.path"),
                "spark.executorEnv.SPARK_SCALA_VERSION", "2.12"));
        properties.put("spark.executor.extraJavaOptions", String.join(" ", JvmOptions.QUICK_START));
        properties.putAll(spark);
        properties.forEach((key, value) -> options.add("-D" + key + "=" + value));
        List<String> command = new ArrayList<>(List.of(
                "org.erat.cli.Main", "train", "--conf", project.configuration().toString(), "--run-dir", directory));
        settings.forEach(setting -> command.addAll(List.of("--set", setting)));
        return Started.command(
                "driver",
                Map.of(
                        "SPARK_HOME",
                        Standalone.home().toString(),
                        "SPARK_LOCAL_IP",
                        "127.0.0.1",
                        "OMP_NUM_THREADS",
                        "1",
                        "LOG4J_CONFIGURATION_FILE",
                        ShippedDefaults.LOGGING.toString()),
                around.apply(Started.javaCommand(options, command)));
    }

    /** Submits it and waits for a good end. */
    Started submitToTheEnd() {
        return submitToTheEnd(UnaryOperator.identity());
    }

    /** Submits it, run by another command, and waits for a good end. */
    Started submitToTheEnd(UnaryOperator<List<String>> around) {
        try (Started driver = submit(around)) {
            assertThat(driver.exitCode()).as(driver.said()).isZero();
            return driver;
        }
    }

    /** Rounds that the local run directory's metrics name, the last of them. */
    int round() {
        return project.roundsDone(Path.of(directory));
    }

    /** Waits until a round is complete, or the driver has ended. */
    void awaitRound(int round, Started driver) {
        Awaitility.await("round " + round)
                .pollInterval(Duration.ofMillis(5))
                .atMost(Started.PATIENCE)
                .until(() -> round() >= round || !driver.isAlive());
        assertThat(driver.isAlive() || round() >= round).as(driver.said()).isTrue();
    }

    /** The last round that the driver has told of, which it does every two seconds; 0 before the first. */
    static int progress(Started driver) {
        int last = 0;
        for (String line : driver.lines()) {
            Matcher round = ROUND.matcher(line);
            if (round.find()) {
                last = Integer.parseInt(round.group(1));
            }
        }
        return last;
    }

    /** Waits until the driver has told of a round. */
    static void awaitProgress(int round, Started driver) {
        Awaitility.await("round " + round)
                .atMost(Started.PATIENCE)
                .until(() -> progress(driver) >= round || !driver.isAlive());
        assertThat(progress(driver)).as(driver.said()).isGreaterThanOrEqualTo(round);
    }

    /** Executors that the driver has announced and not given up. */
    static List<String> executors(Started driver) {
        List<String> live = new ArrayList<>();
        for (String line : driver.lines()) {
            Matcher added = EXECUTOR_ADDED.matcher(line);
            Matcher lost = EXECUTOR_LOST.matcher(line);
            if (added.find()) {
                live.add(added.group(1));
            } else if (lost.find()) {
                live.remove(lost.group(1));
            }
        }
        return live;
    }

    /** Its adapter's files are, byte for byte, those of the undisturbed run, and it is finished. */
    void assertSameAsUndisturbed() {
        assertSameAs(project.undisturbed());
    }

    /** Its adapter's files are, byte for byte, those of another run, and it is finished. */
    void assertSameAs(Path other) {
        Path run = Path.of(directory);
        assertThat(run.resolve("_SUCCESS")).exists();
        assertThat(TinyProject.bytesOf(run.resolve("adapter")))
                .containsExactlyInAnyOrderEntriesOf(TinyProject.bytesOf(other.resolve("adapter")));
        assertThat(run.resolve("evaluation.json")).hasSameBinaryContentAs(other.resolve("evaluation.json"));
    }
}
