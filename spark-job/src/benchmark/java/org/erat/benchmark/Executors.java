package org.erat.benchmark;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaSparkContext;

/** Looks at the processes that tasks run in. */
record Executors(JavaSparkContext spark) {
    private static final int TASKS = 8;

    /** The memory of each executor in bytes, by the names of {@link ProcessMemory}. */
    ObjectNode describe() {
        Map<String, Map<String, Long>> byExecutor = new TreeMap<>();
        spark.parallelize(IntStream.range(0, TASKS).boxed().toList(), TASKS)
                .map(task -> new scala.Tuple2<>(SparkEnv.get().executorId(), ProcessMemory.read()))
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
}
