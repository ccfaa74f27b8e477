package org.erat.data.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class TemporaryNamesTest {
    private final Instant now = Instant.now();
    private final Instant longAgo = now.minus(TemporaryNames.MOST_AGE).minusSeconds(60);

    private static String machine() {
        return TemporaryNames.of("").substring(1, 9);
    }

    private static String name(String machine, long process, Instant started) {
        return ".tmp-data-" + TemporaryNames.owner(machine, process, started) + "-0a1b2c3d";
    }

    private static boolean isLeft(String name, Instant changed) {
        return TemporaryNames.isLeft(name, ".tmp-data", () -> changed);
    }

    @Test
    void whatThisProcessWritesIsNotLeft() {
        assertThat(isLeft(TemporaryNames.of(".tmp-data") + "12345", longAgo)).isFalse();
    }

    @Test
    void whatAProcessOfThisMachineWritesIsLeftOnceItHasEnded() throws IOException, InterruptedException {
        // Waits for its input.
        Process other = new ProcessBuilder("cat").start();
        Instant started = other.info().startInstant().orElseThrow();
        String name = name(machine(), other.pid(), started);
        assertThat(isLeft(name, longAgo)).isFalse();
        other.getOutputStream().close();
        other.waitFor();
        assertThat(isLeft(name, now)).isTrue();
    }

    /** Numbers of processes are used again, and the start of one shifts when the clock is set. */
    @Test
    void aProcessThatHasTheNumberOfAnotherIsJudgedByAge() {
        String name =
                name(machine(), ProcessHandle.current().pid(), Instant.now().minus(Duration.ofDays(30)));
        assertThat(isLeft(name, now)).isFalse();
        assertThat(isLeft(name, longAgo)).isTrue();
    }

    @Test
    void whatAnotherMachineOrAnEarlierVersionWritesIsJudgedByAge() {
        for (String name : List.of(
                name("00000000", 1, Instant.now()),
                ".tmp-data-3f0b2c1a-1111-4222-8333-123456789abc",
                ".tmp-data-1234567890123456789")) {
            assertThat(isLeft(name, now)).as(name).isFalse();
            assertThat(isLeft(name, longAgo)).as(name).isTrue();
        }
    }

    @Test
    void otherNamesAreNobodysTemporaries() {
        for (String name : List.of(
                ".tmp-data",
                ".tmp-data-set",
                ".tmp-data-",
                "data-1",
                ".tmp-datas-1",
                name(machine(), 1, Instant.EPOCH) + "-x")) {
            assertThat(isLeft(name, longAgo)).as(name).isFalse();
        }
        // Of a folder whose name begins alike.
        String longer = ".tmp-data-2-" + TemporaryNames.owner("00000000", 1, Instant.EPOCH) + "-0a";
        assertThat(isLeft(longer, longAgo)).isFalse();
    }
}
