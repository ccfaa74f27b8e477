package org.erat.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.erat.data.UsageException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two drivers on one run directory, in a time that the tests make pass. */
class LeaseTest {
    @TempDir
    Path folder;

    private final Time time = new Time();
    private final List<String> log = new ArrayList<>();

    /** Time that passes when somebody waits, for the drivers that are not stalled. */
    private static final class Time {
        private final List<Driver> drivers = new ArrayList<>();
        private Duration now = Duration.ZERO;

        private void pass(Duration time) {
            now = now.plus(time);
            if (now.toSeconds() % Lease.BEAT.toSeconds() == 0) {
                drivers.stream().filter(driver -> !driver.stalled).toList().forEach(driver -> driver.beat.run());
            }
        }
    }

    private static final class Driver implements LeaseTimer {
        private final Time time;
        private Runnable beat = () -> {};
        private boolean stalled;

        Driver(Time time) {
            this.time = time;
            time.drivers.add(this);
        }

        @Override
        public void pause(Duration length) {
            time.pass(length);
        }

        @Override
        public Beats every(Duration period, Runnable action) {
            beat = action;
            return () -> beat = () -> {};
        }
    }

    private RunDirectory open(Driver driver) {
        return RunDirectory.open(
                run().toString(), new Configuration(), "seed = 1", "data", false, "application", driver, log::add);
    }

    private Path run() {
        return folder.resolve("run");
    }

    @Test
    void theSecondDriverIsRefusedWhileTheFirstIsAlive() throws IOException {
        RunDirectory first = open(new Driver(time));
        first.checkpoints().save(checkpoint(1));

        assertThatThrownBy(() -> open(new Driver(time)))
                .isInstanceOfSatisfying(
                        UsageException.class, e -> assertThat(e.exitCode()).isEqualTo(2))
                .hasMessageContaining("Another driver is at work on run directory")
                .hasMessageContaining("process " + ProcessHandle.current().pid() + " on ")
                .hasMessageContaining("(application)")
                .hasMessageContaining("Wait until it has ended");
        assertThat(log).singleElement().asString().contains("waiting up to 30 s for a sign of life");
        first.requireLease();
        assertThat(run().resolve("checkpoints").toFile().list()).hasSize(1);
    }

    @Test
    void whereTheFirstHasEndedInOrderNobodyWaits() {
        open(new Driver(time)).close();
        open(new Driver(time)).requireLease();
        assertThat(time.now).isZero();
        assertThat(log).isEmpty();
    }

    @Test
    void aDriverThatIsNotHeardOfIsReplacedAndStopsBeforeItsNextCheckpoint() {
        Driver stalling = new Driver(time);
        RunDirectory first = open(stalling);
        stalling.stalled = true;

        RunDirectory second = open(new Driver(time));
        stalling.stalled = false;
        time.pass(Lease.BEAT);

        assertThat(time.now).isGreaterThanOrEqualTo(Lease.EXPIRY);
        assertThat(log).last().asString().contains("no sign of life", "taking over");
        second.requireLease();
        assertThatThrownBy(first::requireLease)
                .isInstanceOfSatisfying(
                        ResumableException.class, e -> assertThat(e.exitCode()).isEqualTo(5))
                .hasMessageContaining("was taken over by process")
                .hasMessageContaining("writes nothing more");
        assertThatThrownBy(first::finish).isInstanceOf(ResumableException.class);
        first.close();
        second.requireLease();
        second.finish();
        assertThat(run().resolve("lease")).doesNotExist();
        assertThat(open(new Driver(time)).state()).isEqualTo(RunDirectory.State.FINISHED);
    }

    @Test
    void aHolderThatWakesAfterTheRunWasFinishedWritesNothing() {
        Driver stalling = new Driver(time);
        RunDirectory first = open(stalling);
        stalling.stalled = true;
        open(new Driver(time)).finish();
        stalling.stalled = false;
        time.pass(Lease.BEAT);

        assertThatThrownBy(first::requireLease)
                .isInstanceOf(ResumableException.class)
                .hasMessageContaining("a driver that has finished it");
        assertThat(run().resolve("lease")).doesNotExist();
    }

    @Test
    void aHolderWhoseProcessHasEndedIsReplacedAtOnce() throws IOException, InterruptedException {
        open(new Driver(time)).close();
        Process gone = new ProcessBuilder("true").start();
        LeaseHolder here = LeaseHolder.thisProcess("application");
        LeaseHolder killed = new LeaseHolder(
                "killed", here.host(), here.processes(), gone.pid(), Instant.now(), "application", 3, false);
        gone.waitFor();
        Files.write(run().resolve("lease/000007"), killed.toBytes());

        open(new Driver(time)).requireLease();

        assertThat(time.now).isZero();
        assertThat(run().resolve("lease").toFile().list()).containsExactly("000008");
    }

    @Test
    void aHolderOnAnotherHostIsNotTakenForDead() {
        LeaseHolder here = LeaseHolder.thisProcess("application");
        LeaseHolder there =
                new LeaseHolder("x", "elsewhere", here.processes(), 1L << 30, Instant.now(), "application", 3, false);
        assertThat(there.hasDied()).isFalse();
        assertThat(here.hasDied()).isFalse();
    }

    @Test
    void aLeaseFileThatWasCutShortIsWaitedFor() throws IOException {
        open(new Driver(time)).close();
        Files.writeString(run().resolve("lease/000002"), "{\"id\"");

        open(new Driver(time)).requireLease();

        assertThat(time.now).isEqualTo(Lease.EXPIRY);
    }

    private static Checkpoint checkpoint(int round) {
        return new Checkpoint(round, round, new float[] {round}, new float[0], null, null, Map.of());
    }
}
