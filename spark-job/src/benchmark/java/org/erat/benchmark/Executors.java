package org.erat.benchmark;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaSparkContext;
import org.erat.model.ModelRuntime;

/** Looks at the processes that tasks run in. */
record Executors(JavaSparkContext spark) {
    private static final int TASKS = 8;

    /** Memory of each executor in kilobytes, by the names of /proc/PID/status, and its copies of base weights. */
    ObjectNode describe() {
        Map<String, Map<String, Long>> byExecutor = new TreeMap<>();
        spark.parallelize(IntStream.range(0, TASKS).boxed().toList(), TASKS)
                .map(task -> new scala.Tuple2<>(SparkEnv.get().executorId(), status()))
                .collect()
                .forEach(found -> byExecutor.put(found._1(), found._2()));
        ObjectNode answer = Child.JSON.createObjectNode();
        ArrayNode executors = answer.putArray("executors");
        byExecutor.values().forEach(values -> {
            ObjectNode executor = executors.addObject();
            values.forEach(executor::put);
        });
        return answer;
    }

    private static Map<String, Long> status() throws IOException {
        List<String> names = List.of("VmHWM", "RssAnon", "RssFile");
        Map<String, Long> values = new TreeMap<>();
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            String name = line.substring(0, line.indexOf(':'));
            if (names.contains(name)) {
                values.put(name, Long.parseLong(line.replaceAll("\\D", "")));
            }
        }
        values.put("copies", (long) ModelRuntime.copiesOfWeights());
        return values;
    }
}
