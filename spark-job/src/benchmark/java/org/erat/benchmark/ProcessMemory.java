package org.erat.benchmark;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.erat.compute.memory.HostBytes;
import org.erat.model.ModelRuntime;

/** The physical memory of this process, as Linux counts it, by what it is for. In bytes. */
final class ProcessMemory {
    static final String PEAK = "peak";
    static final String NOW = "now";
    static final String MAPPED_WEIGHTS = "weights in the mapped file";
    static final String OTHERS = "others: ND4J, OpenBLAS, threads, malloc";
    static final String COPIES = "copies";

    private static final int KIBI = 1024;

    private ProcessMemory() {}

    /** The highest total so far, the total now and its parts, by name. */
    static Map<String, Long> read() throws IOException {
        Map<String, Long> status = status();
        Map<String, Long> files = files();
        MemoryMXBean java = ManagementFactory.getMemoryMXBean();
        Map<String, Long> parts = new LinkedHashMap<>();
        parts.put(PEAK, status.get("VmHWM"));
        parts.put(NOW, status.get("VmRSS"));
        parts.putAll(files);
        parts.put("weights as the products read them", HostBytes.WEIGHTS.held());
        parts.put("tasks' tensors", HostBytes.TASKS.held());
        parts.put("Java heap", java.getHeapMemoryUsage().getCommitted());
        parts.put("Java's classes and code", java.getNonHeapMemoryUsage().getCommitted());
        long known = HostBytes.WEIGHTS.held()
                + HostBytes.TASKS.held()
                + java.getHeapMemoryUsage().getCommitted()
                + java.getNonHeapMemoryUsage().getCommitted();
        parts.put(OTHERS, status.get("RssAnon") - known);
        parts.put("of the heap in use", java.getHeapMemoryUsage().getUsed());
        parts.put(COPIES, (long) ModelRuntime.copiesOfWeights());
        return parts;
    }

    private static Map<String, Long> status() throws IOException {
        List<String> names = List.of("VmHWM", "VmRSS", "RssAnon");
        Map<String, Long> values = new LinkedHashMap<>();
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            String name = line.substring(0, line.indexOf(':'));
            if (names.contains(name)) {
                values.put(name, KIBI * Long.parseLong(line.replaceAll("\\D", "")));
            }
        }
        return values;
    }

    /** Pages of files that are mapped and have not been written to. */
    private static Map<String, Long> files() throws IOException {
        Map<String, Long> parts = new LinkedHashMap<>();
        parts.put(MAPPED_WEIGHTS, 0L);
        parts.put("libraries, jars and class data, mapped", 0L);
        String part = null;
        long resident = 0;
        for (String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
            String[] words = line.split("\\s+", -1);
            if (!words[0].endsWith(":")) {
                String file = words.length > 5 && words[5].startsWith("/") ? words[5] : null;
                part = file == null
                        ? null
                        : file.endsWith(".safetensors") ? MAPPED_WEIGHTS : "libraries, jars and class data, mapped";
            } else if (words[0].equals("Rss:")) {
                resident = KIBI * Long.parseLong(words[1]);
            } else if (words[0].equals("Anonymous:") && part != null) {
                parts.merge(part, resident - KIBI * Long.parseLong(words[1]), Long::sum);
            }
        }
        return parts;
    }
}
