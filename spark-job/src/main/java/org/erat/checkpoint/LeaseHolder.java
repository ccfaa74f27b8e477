package org.erat.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import org.erat.data.Json;
import org.erat.data.storage.Machine;

/**
 * The content of a lease file: which driver has the run.
 *
 * @param id unique to this lease
 * @param host host name of the driver's machine
 * @param processes namespace of the process id on that machine; empty if the system does not have them
 * @param process process id
 * @param started when the process started; {@link Instant#EPOCH} if the system does not tell
 * @param application id of the Spark application
 * @param beat counts up while the driver is alive
 * @param released whether the driver has released the run
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
    private static final ObjectMapper JSON = Json.mapper();

    /** Start times are exact to a tick of the system's clock, and shift when that is set. */
    private static final Duration SAME_START = Duration.ofSeconds(5);

    static LeaseHolder thisProcess(String application) {
        ProcessHandle process = ProcessHandle.current();
        return new LeaseHolder(
                UUID.randomUUID().toString(),
                Machine.host(),
                Machine.processSpace(),
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

    /** Whether its process has ended as far as this machine can tell; false for a process on another machine. */
    boolean hasDied() {
        return alive().filter(alive -> !alive).isPresent();
    }

    /** Whether its process is alive; empty for a process on another machine. */
    Optional<Boolean> alive() {
        if (!host.equals(Machine.host())
                || !processes.equals(Machine.processSpace())
                || started.equals(Instant.EPOCH)) {
            return Optional.empty();
        }
        boolean alive = ProcessHandle.of(process)
                .filter(ProcessHandle::isAlive)
                .flatMap(running -> running.info().startInstant())
                .filter(start -> Duration.between(start, started).abs().compareTo(SAME_START) < 0)
                .isPresent();
        return Optional.of(alive);
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

    /** Parses a lease file. One that is half written or damaged has an unknown holder. */
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
}
