package org.erat.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;

/**
 * A training run: its command, which may be submitted many times, and how far it has come.
 *
 * @param directory its run directory as the command has it: a path or a URI
 * @param command to be changed until it is submitted
 */
public record Run(String directory, Submission command) {
    private static final Pattern RECORDED = Pattern.compile("^\\{\"round\":(\\d+),.*}$", Pattern.MULTILINE);
    private static final Pattern REPORTED = Pattern.compile("] round (\\d+)/");
    private static final Pattern EXECUTOR_ADDED = Pattern.compile("executor (\\d+) added");
    private static final Pattern EXECUTOR_LOST = Pattern.compile("executor (\\d+) lost");

    /** Submits to a master on this machine, with the classes of these tests. */
    public Run on(String master) {
        command.master(master).withTestClasses();
        return this;
    }

    /** The run directory, where it is on the local disk. */
    public Path path() {
        return Path.of(directory);
    }

    public ChildProcess submit() {
        return command.start();
    }

    /** Submits the command and waits for exit code 0. */
    public ChildProcess submitToTheEnd() {
        return command.run().exits(0);
    }

    /** The last round in the metrics of a local run directory; 0 before the first. */
    public int round() {
        try {
            return last(RECORDED, Files.readString(path().resolve("metrics.jsonl")));
        } catch (NoSuchFileException e) {
            return 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits until the metrics of a local run directory have a round. */
    public void awaitRound(int round, ChildProcess driver) {
        await(round, this::round, driver);
    }

    /** The last round that the driver has reported, which it does every two seconds; 0 before the first. */
    public static int reported(ChildProcess driver) {
        return last(REPORTED, driver.said());
    }

    /** Waits until the driver has reported a round. */
    public static void awaitReport(int round, ChildProcess driver) {
        await(round, () -> reported(driver), driver);
    }

    private static void await(int round, IntSupplier done, ChildProcess driver) {
        Awaitility.await("round " + round)
                .pollInterval(Duration.ofMillis(5))
                .atMost(ChildProcess.PATIENCE)
                .until(() -> done.getAsInt() >= round || !driver.isAlive());
        assertThat(done.getAsInt()).as(driver.said()).isGreaterThanOrEqualTo(round);
    }

    private static int last(Pattern round, String text) {
        int last = 0;
        for (Matcher found = round.matcher(text); found.find(); ) {
            last = Integer.parseInt(found.group(1));
        }
        return last;
    }

    /** Executors that the driver has reported as added and not as lost. */
    public static List<String> executors(ChildProcess driver) {
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
}
