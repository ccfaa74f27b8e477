package org.erat.benchmark;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * All rounds of a run, from its {@code metrics.jsonl}.
 *
 * @param seconds of the rounds
 * @param stepSeconds of them the slowest shards' local steps
 * @param tokens without padding
 */
record WholeJob(double seconds, double stepSeconds, long tokens) {
    private static final ObjectMapper JSON = new ObjectMapper();

    static WholeJob read(Path run) throws IOException {
        double seconds = 0;
        double overhead = 0;
        long tokens = 0;
        for (String text : Files.readAllLines(run.resolve("metrics.jsonl"))) {
            JsonNode line = JSON.readTree(text);
            seconds += line.path("seconds").asDouble();
            overhead += line.path("overhead_seconds").asDouble();
            tokens += line.path("tokens").asLong();
        }
        if (seconds == 0) {
            throw new IOException(run + " has no round that is complete");
        }
        return new WholeJob(seconds, seconds - overhead, tokens);
    }

    /** Prints the row; its figures. */
    ObjectNode print() {
        double rate = tokens / seconds;
        double share = stepSeconds / seconds;
        System.out.printf(
                Locale.ROOT,
                "whole job: rounds of %.1f s, %.0f tokens/s, local steps %.2f of the time%n%n",
                seconds,
                rate,
                share);
        return JSON.createObjectNode()
                .put("seconds", seconds)
                .put("tokens_per_s", rate)
                .put("share_of_local_steps", share);
    }
}
