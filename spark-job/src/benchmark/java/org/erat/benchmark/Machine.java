package org.erat.benchmark;

import ai.djl.util.Platform;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.erat.checkpoint.Versions;

/** What the figures were measured on. */
final class Machine {
    /** Instruction sets that decide how fast products are, as Linux names them. */
    private static final List<String> FEATURES = List.of("avx2", "avx512f", "avx512_bf16", "amx_bf16", "amx_tile");

    private Machine() {}

    /** Processor, memory, system, versions, commit and thread count, by name. */
    static Map<String, String> describe(int threads, String commit) throws IOException {
        Map<String, String> facts = new LinkedHashMap<>();
        List<String> cpu = Files.readAllLines(Path.of("/proc/cpuinfo"));
        List<String> flags = List.of(field(cpu, "flags").split(" "));
        List<String> features = new ArrayList<>(FEATURES);
        features.retainAll(flags);
        facts.put(
                "processor",
                field(cpu, "model name") + ", " + Runtime.getRuntime().availableProcessors() + " cores, "
                        + String.join(" ", features));
        long kilobytes = Long.parseLong(
                field(Files.readAllLines(Path.of("/proc/meminfo")), "MemTotal").replaceAll("\\D", ""));
        facts.put("memory", Math.round(kilobytes / 1048576.0) + " GiB");
        facts.put("system", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        facts.put("threads", threads + " on both sides");
        facts.put("commit", commit);
        facts.put("date", Instant.now().truncatedTo(ChronoUnit.MINUTES).toString());
        facts.put("libtorch", Platform.detectPlatform("pytorch").getVersion());
        Versions.current().forEach(facts::putIfAbsent);
        return facts;
    }

    private static String field(List<String> lines, String name) {
        return lines.stream()
                .filter(line -> line.startsWith(name))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElse("unknown");
    }
}
