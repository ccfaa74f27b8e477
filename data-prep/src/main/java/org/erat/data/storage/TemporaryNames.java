package org.erat.data.storage;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.erat.data.Sha256;

/**
 * Names of what is being written beside its place. They tell which process writes, {@code START-OWNER-RANDOM} with the
 * owner {@code MACHINE.PROCESS.STARTED}, so that what a killed process has left can be told from what a live one writes.
 */
public final class TemporaryNames {
    /** What is written by a process of which nothing is known is left over when it has not changed for so long. */
    static final Duration MOST_AGE = Duration.ofHours(24);

    /** Start times are exact to a tick of the system's clock. */
    private static final Duration SAME_START = Duration.ofSeconds(5);

    private static final Pattern OWNED =
            Pattern.compile("(?<machine>[0-9a-f]{8})\\.(?<process>\\d{1,10})\\.(?<started>[0-9a-z]{1,12})-[0-9a-f]+");

    /** As earlier versions had them: a UUID, or the digits of a temporary directory. */
    private static final Pattern WITHOUT_OWNER = Pattern.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\\d+");

    private static final String MACHINE = machine();

    private TemporaryNames() {}

    /** {@code start}, a dash, this process and a dash; the caller adds random digits. */
    public static String of(String start) {
        ProcessHandle process = ProcessHandle.current();
        return start + "-" + owner(MACHINE, process.pid(), startOf(process).orElse(Instant.EPOCH)) + "-";
    }

    static String owner(String machine, long process, Instant started) {
        return machine + "." + process + "." + Long.toString(started.toEpochMilli(), Character.MAX_RADIX);
    }

    /**
     * Whether {@code name} is one that {@link #of} gave for {@code start} and its process has ended: by its number where it
     * ran on this machine, by age otherwise.
     *
     * @param changed when what has the name last changed; asked where the name does not tell
     */
    public static boolean isLeft(String name, String start, Supplier<Instant> changed) {
        if (!name.startsWith(start + "-")) {
            return false;
        }
        String rest = name.substring(start.length() + 1);
        Matcher owned = OWNED.matcher(rest);
        if (!owned.matches()) {
            return WITHOUT_OWNER.matcher(rest).matches() && isOld(changed.get());
        }
        if (!owned.group("machine").equals(MACHINE)) {
            return isOld(changed.get());
        }
        Optional<ProcessHandle> process =
                ProcessHandle.of(Long.parseLong(owned.group("process"))).filter(ProcessHandle::isAlive);
        if (process.isEmpty()) {
            return true;
        }
        Instant started = Instant.ofEpochMilli(Long.parseLong(owned.group("started"), Character.MAX_RADIX));
        // Another process with the same number, or the same one after the machine's clock was set.
        return !isSame(started, startOf(process.get())) && isOld(changed.get());
    }

    private static boolean isSame(Instant started, Optional<Instant> other) {
        return other.map(start -> Duration.between(start, started).abs().compareTo(SAME_START) < 0)
                .orElse(true);
    }

    private static boolean isOld(Instant changed) {
        return changed.isBefore(Instant.now().minus(MOST_AGE));
    }

    private static Optional<Instant> startOf(ProcessHandle process) {
        return process.info().startInstant();
    }

    /** Of this machine, and of this container where it has process numbers of its own. */
    private static String machine() {
        return Sha256.of((Machine.host() + "\n" + Machine.processSpace()).getBytes(StandardCharsets.UTF_8))
                .substring(0, 8);
    }
}
