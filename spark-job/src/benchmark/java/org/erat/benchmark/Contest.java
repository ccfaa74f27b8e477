package org.erat.benchmark;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleSupplier;

/** Contestants that are measured in turns, so that a machine that slows down slows all of them. */
final class Contest {
    private final Map<String, DoubleSupplier> contestants = new LinkedHashMap<>();

    /** @param run runs once and returns what it measured */
    Contest add(String name, DoubleSupplier run) {
        contestants.put(name, run);
        return this;
    }

    /** Runs every contestant in every repetition; those of the warm-up do not count. */
    Map<String, Samples> run(int warmUp, int repetitions) {
        Map<String, List<Double>> values = new LinkedHashMap<>();
        contestants.keySet().forEach(name -> values.put(name, new ArrayList<>()));
        for (int i = 0; i < warmUp + repetitions; i++) {
            boolean counts = i >= warmUp;
            contestants.forEach((name, run) -> {
                double value = run.getAsDouble();
                if (counts) {
                    values.get(name).add(value);
                }
            });
        }
        Map<String, Samples> samples = new LinkedHashMap<>();
        values.forEach((name, list) -> samples.put(name, new Samples(list)));
        return samples;
    }
}
