package org.erat.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;

/**
 * Who has a run, as its lease file says.
 *
 * @param id of this hold alone
 * @param host where the driver is
 * @param processes the space in which its process number means something, where the system has several
 * @param process its number
 * @param started when the process started
 * @param application what the driver is for Spark
 * @param beat counts up while the driver is alive
 * @param released whether the driver has ended in order
 */
record LeaseHolder(
        String id,
        String host,
        String processes,
        long process,
        Instant started,
        String application,
        long beat,
        boolean released) {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Start times are known to a tick of the system's clock, and move when that is set. */
    private static final Duration SAME_START = Duration.ofSeconds(5);

    static LeaseHolder thisProcess(String application) {
        ProcessHandle process = ProcessHandle.current();
        return new LeaseHolder(
                UUID.randomUUID().toString(),
                thisHost(),
                processSpace(),
                process.pid(),
                process.info().startInstant().orElse(Instant.EPOCH),
                application,
                0,
                false);
    }

    LeaseHolder beating() {
        return new LeaseHolder(id, host, processes, process, started, application, beat + 1, false);
    }

    LeaseHolder releasing() {
        return new LeaseHolder(id, host, processes, process, started, application, beat, true);
    }

    /** Whether it can be told from here that its process has ended. */
    boolean hasDied() {
        if (!host.equals(thisHost()) || !processes.equals(processSpace()) || started.equals(Instant.EPOCH)) {
            return false;
        }
        return ProcessHandle.of(process)
                .filter(ProcessHandle::isAlive)
                .flatMap(alive -> alive.info().startInstant())
                .filter(start -> Duration.between(start, started).abs().compareTo(SAME_START) < 0)
                .isEmpty();
    }

    @Override
    public String toString() {
        return "process " + process + " on " + host + " (" + application + ")";
    }

    byte[] toBytes() {
        ObjectNode json = JSON.createObjectNode();
        json.put("id", id);
        json.put("host", host);
        json.put("processes", processes);
        json.put("process", process);
        json.put("started", started.toString());
        json.put("application", application);
        json.put("beat", beat);
        json.put("released", released);
        return (json + "\n").getBytes(StandardCharsets.UTF_8);
    }

    /** What a lease file says; one that is just being written, or is damaged, is of somebody unknown. */
    static LeaseHolder parse(byte[] bytes) {
        try {
            JsonNode json = JSON.readTree(bytes);
            return new LeaseHolder(
                    json.path("id").asText(),
                    json.path("host").asText(),
                    json.path("processes").asText(),
                    json.path("process").asLong(),
                    Instant.parse(json.path("started").asText(Instant.EPOCH.toString())),
                    json.path("application").asText(),
                    json.path("beat").asLong(),
                    json.path("released").asBoolean());
        } catch (IOException | java.time.format.DateTimeParseException e) {
            return new LeaseHolder("", "an unknown host", "", 0, Instant.EPOCH, "unknown", 0, false);
        }
    }

    private static String thisHost() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (IOException e) {
            return "an unnamed host";
        }
    }

    /** Containers of one host may number their processes each for itself. */
    private static String processSpace() {
        try {
            return Files.readSymbolicLink(Path.of("/proc/self/ns/pid")).toString();
        } catch (IOException | UnsupportedOperationException e) {
            return "";
        }
    }
}
