package org.erat.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigUtil;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * A grid of training runs: every method on every task, with every combination of swept values and every seed. A grid may
 * also choose values for its methods: search runs on other data try them, and the comparison takes each method's best.
 *
 * @param trials the runs to compare, in the order of the file: by task, method, swept values, seed. Where the grid chooses
 *     values, they are here with each value, and those with the best one are run.
 * @param search the runs that the best values are chosen by, in the same order; none where the grid chooses none
 * @param baseline what the others are compared with, where the file names it
 */
public record Grid(List<Trial> trials, List<Trial> search, Optional<Baseline> baseline) {
    /**
     * One run.
     *
     * @param task name of the task; empty where the grid has one task without a name
     * @param method name of the method, with its swept values
     * @param choice values of the keys that the grid chooses, as they are written there; empty where it chooses none
     */
    public record Trial(String task, String method, SortedMap<String, String> choice, long seed, JobConfig job) {
        public Trial {
            choice = Collections.unmodifiableSortedMap(new TreeMap<>(choice));
        }

        /** What it is called among the runs whose values are chosen. */
        public String name() {
            return name("");
        }

        /** Its folder among the runs. The values are in it, so that runs with another choice are not in the way. */
        public String folder() {
            return name(choice.entrySet().stream()
                    .map(entry -> suffix(entry.getKey(), entry.getValue()))
                    .collect(Collectors.joining()));
        }

        private String name(String values) {
            return (task.isEmpty() ? "" : task + "/") + method + values + "/seed-" + seed;
        }

        /** What a value adds to the name of a method. */
        static String suffix(String key, String value) {
            List<String> path = ConfigUtil.splitPath(key);
            return "-" + path.get(path.size() - 1) + "-" + value;
        }
    }

    /**
     * What others are compared with.
     *
     * @param method as in {@link Trial#method}
     * @param order of its rows
     */
    public record Baseline(String method, RowOrder order) {}

    /**
     * Reads a grid.
     *
     * @param file local file in HOCON; what it includes is relative to it
     * @param overrides {@code key=value}, for all runs, as for {@link JobConfig#load}
     * @throws org.erat.data.UsageException if a key of the grid or of a run is unknown, a value is not allowed, two runs are the same, or
     *     a method sets a key that is swept
     */
    public static Grid load(Path file, List<String> overrides) {
        Config grid = ConfigLayers.resolved(ConfigLayers.file(file));
        return ConfigLayers.parsed(() -> new GridReader(file, grid, overrides).read());
    }

    /** The names of the runs to compare, each once whatever values it may have. */
    public List<String> names() {
        return trials.stream().map(Trial::name).distinct().toList();
    }

    /** The task whose search runs choose for a task of the comparison: the one of its name, or the only one. */
    public String searchTask(String task) {
        List<String> tasks = search.stream().map(Trial::task).distinct().toList();
        return tasks.size() == 1 ? tasks.get(0) : task;
    }
}
