package org.erat.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import com.typesafe.config.ConfigValueType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.erat.data.NearestName;
import org.erat.data.UsageException;

/**
 * A grid of training runs: every method on every task, with every combination of swept values and every seed.
 *
 * @param trials the runs, in the order of the file: by task, method, swept values, seed
 * @param baseline what the others are compared with, where the file names it
 */
public record Grid(List<Trial> trials, Optional<Baseline> baseline) {
    private static final String SETTINGS = "settings";
    private static final String TASKS = "tasks";
    private static final String METHODS = "methods";
    private static final String SWEEP = "sweep";
    private static final String SEEDS = "seeds";
    private static final String BASELINE = "baseline";
    private static final List<String> KEYS = List.of(SETTINGS, TASKS, METHODS, SWEEP, SEEDS, BASELINE);

    /** Names become folders. */
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._+-]*");

    /**
     * One run.
     *
     * @param task name of the task; empty where the grid has one task without a name
     * @param method name of the method, with its swept values
     */
    public record Trial(String task, String method, long seed, JobConfig job) {
        /** Its folder among the runs. */
        public String folder() {
            return (task.isEmpty() ? "" : task + "/") + method + "/seed-" + seed;
        }
    }

    /**
     * What others are compared with.
     *
     * @param method as in {@link Trial#method}
     * @param order of its rows
     */
    public record Baseline(String method, RowOrder order) {}

    /** A name and the settings that it stands for. */
    private record Named(String name, Config settings) {}

    /**
     * Reads a grid.
     *
     * @param file local file in HOCON; what it includes is relative to it
     * @param overrides {@code key=value}, for all runs, as for {@link JobConfig#load}
     * @throws UsageException if a key of the grid or of a run is unknown, a value is not allowed, or two runs are the same
     */
    public static Grid load(Path file, List<String> overrides) {
        Config grid = ConfigLayers.resolved(ConfigLayers.file(file));
        return ConfigLayers.parsed(() -> new Reader(file, grid, overrides).read());
    }

    private record Reader(Path file, Config grid, List<String> overrides) {
        Grid read() {
            for (String key : grid.root().keySet()) {
                if (!KEYS.contains(key)) {
                    throw wrong("unknown key " + key + ": did you mean "
                            + NearestName.to(key, KEYS).orElseThrow() + "? A grid has " + String.join(", ", KEYS));
                }
            }
            if (!grid.hasPath(METHODS)) {
                throw wrong("there are no methods: write methods { NAME { method = lora } }");
            }
            Config common = section(SETTINGS);
            List<Trial> trials = new ArrayList<>();
            for (Named task : grid.hasPath(TASKS) ? named(TASKS) : List.of(new Named("", ConfigFactory.empty()))) {
                for (Named method : swept(named(METHODS))) {
                    for (long seed : seeds()) {
                        trials.add(trial(task, method, seed, common));
                    }
                }
            }
            requireDifferent(trials);
            return new Grid(List.copyOf(trials), baseline(trials));
        }

        private Trial trial(Named task, Named method, long seed, Config common) {
            Config settings = method.settings()
                    .withFallback(task.settings())
                    .withFallback(common)
                    .withValue(Keys.SEED, ConfigValueFactory.fromAnyRef(seed, file.toString()));
            JobConfig job;
            try {
                job = ConfigParser.parse(settings, overrides);
            } catch (UsageException e) {
                throw new UsageException(
                        file + ", " + (task.name().isEmpty() ? "" : task.name() + ", ") + method.name() + ": "
                                + e.getMessage(),
                        e);
            }
            if (!job.evaluation().prefixes()) {
                throw wrong(method.name() + " is not measured, and cannot be compared: remove "
                        + Keys.EVALUATION_PREFIXES + " = false");
            }
            return new Trial(task.name(), method.name(), seed, job);
        }

        private Config section(String key) {
            return grid.hasPath(key) ? grid.getConfig(key) : ConfigFactory.empty();
        }

        private List<Named> named(String key) {
            ConfigObject entries = grid.getObject(key);
            if (entries.isEmpty()) {
                throw wrong(key + " is empty: name one at least");
            }
            List<Named> named = new ArrayList<>();
            for (String name : inOrderOfTheFile(entries)) {
                if (!NAME.matcher(name).matches()) {
                    throw wrong("'" + name + "' in " + key + " cannot be the name of a folder: use letters, digits and"
                            + " . _ + -");
                }
                if (!(entries.get(name) instanceof ConfigObject settings)) {
                    throw wrong(key + "." + name + " is not a block of settings: write " + name + " { KEY = VALUE }");
                }
                named.add(new Named(name, settings.toConfig()));
            }
            return named;
        }

        /** By lines, since the library keeps keys in no order; by name within a line. */
        private static List<String> inOrderOfTheFile(ConfigObject entries) {
            return entries.keySet().stream()
                    .sorted(Comparator.<String>comparingInt(
                                    name -> entries.get(name).origin().lineNumber())
                            .thenComparing(Comparator.naturalOrder()))
                    .toList();
        }

        private List<Named> swept(List<Named> methods) {
            List<Named> points = methods;
            Config sweep = section(SWEEP);
            TreeSet<String> keys = new TreeSet<>();
            sweep.entrySet().forEach(entry -> keys.add(entry.getKey()));
            for (String key : keys) {
                if (sweep.getValue(key).valueType() != ConfigValueType.LIST) {
                    throw wrong(SWEEP + "." + key + " is not a list of values: write " + key + " = [1e-4, 2e-4]");
                }
                ConfigList values = sweep.getList(key);
                List<String> path = ConfigUtil.splitPath(key);
                List<Named> more = new ArrayList<>();
                for (Named point : points) {
                    for (ConfigValue value : values) {
                        String name = point.name() + "-" + path.get(path.size() - 1) + "-" + text(value);
                        if (!NAME.matcher(name).matches()) {
                            throw wrong(
                                    "'" + text(value) + "' in " + SWEEP + "." + key + " cannot be part of a folder's"
                                            + " name: give such values as methods with names");
                        }
                        more.add(new Named(name, point.settings().withValue(key, value)));
                    }
                }
                points = more;
            }
            return points;
        }

        /** A number as it is written in the file. */
        private static String text(ConfigValue value) {
            return switch (value.valueType()) {
                case NUMBER, STRING, BOOLEAN -> value.atKey("value").getString("value");
                case LIST, OBJECT, NULL -> value.render(ConfigRenderOptions.concise());
            };
        }

        private List<Long> seeds() {
            List<Long> seeds;
            try {
                seeds = grid.hasPath(SEEDS) ? grid.getLongList(SEEDS) : List.of(1L);
            } catch (ConfigException.WrongType e) {
                throw wrong(SEEDS + " is not a list of whole numbers: write " + SEEDS + " = [1, 2, 3]");
            }
            if (seeds.isEmpty()) {
                throw wrong(SEEDS + " is empty: name one at least");
            }
            return seeds;
        }

        private void requireDifferent(List<Trial> trials) {
            Map<String, Trial> known = new LinkedHashMap<>();
            Map<String, Trial> folders = new HashMap<>();
            for (Trial trial : trials) {
                Trial same = known.putIfAbsent(trial.job().render(), trial);
                Trial there = folders.putIfAbsent(trial.folder(), trial);
                if (same != null) {
                    throw wrong(
                            same.folder() + " and " + trial.folder() + " are the same run: all of their settings are"
                                    + " alike. Remove one, or change a setting.");
                }
                if (there != null) {
                    throw wrong("two runs are called " + trial.folder() + ": give their methods different names");
                }
            }
        }

        private Optional<Baseline> baseline(List<Trial> trials) {
            if (!grid.hasPath(BASELINE)) {
                return Optional.empty();
            }
            Config given = section(BASELINE);
            for (String key : given.root().keySet()) {
                if (!List.of("method", "order").contains(key)) {
                    throw wrong("unknown key " + BASELINE + "." + key + ": it has method and order");
                }
            }
            String method = given.getString("method");
            List<String> methods = trials.stream().map(Trial::method).distinct().toList();
            if (!methods.contains(method)) {
                throw wrong(BASELINE + ".method " + method + " is none of " + String.join(", ", methods));
            }
            RowOrder order = given.hasPath("order") ? order(given.getString("order")) : RowOrder.TRAINED;
            if (trials.stream()
                    .anyMatch(trial -> trial.method().equals(method)
                            && !trial.job().adapter().order().orders().contains(order))) {
                throw wrong(method + " is not measured in the order " + order.key()
                        + ": set adapter.order = best-of-all for it, or another " + BASELINE + ".order");
            }
            return Optional.of(new Baseline(method, order));
        }

        private RowOrder order(String key) {
            for (RowOrder order : RowOrder.values()) {
                if (order.key().equals(key)) {
                    return order;
                }
            }
            throw wrong(BASELINE + ".order " + key + " is none of trained, canonical, data-aware");
        }

        private UsageException wrong(String what) {
            return new UsageException(file + ": " + what);
        }
    }
}
