package org.erat.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.erat.data.NearestName;
import org.erat.data.UsageException;

/**
 * Reads a {@link Grid}.
 *
 * @param file where it is from, for messages
 * @param grid its text, resolved
 * @param overrides for all runs
 */
record GridReader(Path file, Config grid, List<String> overrides) {
    private static final String SETTINGS = "settings";
    private static final String TASKS = "tasks";
    private static final String METHODS = "methods";
    private static final String SWEEP = "sweep";
    private static final String SEEDS = "seeds";
    private static final String CHOOSE = "choose";
    private static final String BASELINE = "baseline";
    private static final List<String> KEYS = List.of(SETTINGS, TASKS, METHODS, SWEEP, SEEDS, CHOOSE, BASELINE);
    private static final List<String> KEYS_OF_CHOOSE = List.of(TASKS, SWEEP, SEEDS);

    /** What is before the keys of the block that chooses. */
    private static final String IN_CHOOSE = CHOOSE + ".";

    /** Names become folders. */
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._+-]*");

    /** Swept values become the ends of their names. */
    private static final Pattern END_OF_NAME = Pattern.compile("[A-Za-z0-9._+-]+");

    /** A name and the settings that it stands for. */
    private record Named(String name, Config settings) {}

    /** A method with values of swept keys: in its name, or to choose from. */
    private record Point(String name, SortedMap<String, String> choice, Config settings) {
        Point named(String key, String text, ConfigValue value) {
            return new Point(name + Grid.Trial.suffix(key, text), choice, settings.withValue(key, value));
        }

        Point choosing(String key, String text, ConfigValue value) {
            SortedMap<String, String> more = new TreeMap<>(choice);
            more.put(key, text);
            return new Point(name, more, settings.withValue(key, value));
        }
    }

    /** How a value of a swept key makes a point into another. */
    private interface Sweep {
        Point of(Point point, String key, String text, ConfigValue value);
    }

    Grid read() {
        requireKnown(grid, "", "A grid", KEYS);
        if (!grid.hasPath(METHODS)) {
            throw wrong("there are no methods: write methods { NAME { method = lora } }");
        }
        List<Point> methods = swept(
                named(METHODS).stream()
                        .map(method -> new Point(method.name(), new TreeMap<>(), method.settings()))
                        .toList(),
                SWEEP,
                Point::named);
        List<Named> tasks = grid.hasPath(TASKS) ? named(TASKS) : List.of(new Named("", ConfigFactory.empty()));
        List<Grid.Trial> search = List.of();
        if (grid.hasPath(CHOOSE)) {
            methods = choices(methods);
            search = trials(searchTasks(tasks), methods, seeds(IN_CHOOSE + SEEDS));
        }
        List<Grid.Trial> trials = trials(tasks, methods, seeds(SEEDS));
        return new Grid(trials, search, baseline(trials));
    }

    private void requireKnown(Config section, String prefix, String what, List<String> keys) {
        for (String key : section.root().keySet()) {
            if (!keys.contains(key)) {
                throw wrong("unknown key " + prefix + key + ": did you mean " + prefix
                        + NearestName.to(key, keys).orElseThrow() + "? " + what + " has " + String.join(", ", keys));
            }
        }
    }

    private List<Point> choices(List<Point> methods) {
        requireKnown(section(CHOOSE), IN_CHOOSE, CHOOSE, KEYS_OF_CHOOSE);
        if (section(IN_CHOOSE + SWEEP).isEmpty()) {
            throw wrong(IN_CHOOSE + SWEEP + " is empty: name a key and the values to choose from");
        }
        return swept(methods, IN_CHOOSE + SWEEP, Point::choosing);
    }

    private List<Named> searchTasks(List<Named> compared) {
        if (!grid.hasPath(IN_CHOOSE + TASKS)) {
            throw wrong("there are no " + IN_CHOOSE + TASKS
                    + ": name data that the comparison does not use, " + IN_CHOOSE + TASKS
                    + " { NAME { data.train = DIR } }");
        }
        List<Named> tasks = named(IN_CHOOSE + TASKS);
        List<String> names = tasks.stream().map(Named::name).toList();
        List<String> others = compared.stream().map(Named::name).toList();
        if (tasks.size() > 1 && !new HashSet<>(names).equals(new HashSet<>(others))) {
            throw wrong(IN_CHOOSE + TASKS + " are " + String.join(", ", names) + ", and " + TASKS + " are "
                    + String.join(", ", others) + ": give them the same names, or one task that chooses for all");
        }
        return tasks;
    }

    private List<Grid.Trial> trials(List<Named> tasks, List<Point> methods, List<Long> seeds) {
        List<Grid.Trial> trials = new ArrayList<>();
        for (Named task : tasks) {
            for (Point method : methods) {
                for (long seed : seeds) {
                    trials.add(trial(task, method, seed));
                }
            }
        }
        requireDifferent(trials);
        return List.copyOf(trials);
    }

    private Grid.Trial trial(Named task, Point method, long seed) {
        Config settings = method.settings()
                .withFallback(task.settings())
                .withFallback(section(SETTINGS))
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
            throw wrong(method.name() + " is not measured, and cannot be compared: remove " + Keys.EVALUATION_PREFIXES
                    + " = false");
        }
        return new Grid.Trial(task.name(), method.name(), method.choice(), seed, job);
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

    private List<Point> swept(List<Point> methods, String section, Sweep with) {
        List<Point> points = methods;
        Config sweep = section(section);
        TreeSet<String> keys = new TreeSet<>();
        sweep.entrySet().forEach(entry -> keys.add(entry.getKey()));
        for (String key : keys) {
            List<ConfigValue> values = values(section + "." + key, sweep.getValue(key));
            List<Point> more = new ArrayList<>();
            for (Point point : points) {
                if (point.settings().hasPathOrNull(key)) {
                    throw wrong(point.name() + " sets " + key + ", and " + section + "." + key
                            + " would overwrite it: remove one of them");
                }
                values.forEach(value -> more.add(with.of(point, key, text(value), value)));
            }
            points = more;
        }
        return points;
    }

    private List<ConfigValue> values(String place, ConfigValue list) {
        if (!(list instanceof ConfigList values)) {
            throw wrong(place + " is not a list of values: write " + place + " = [1e-4, 2e-4]");
        }
        if (values.isEmpty()) {
            throw wrong(place + " is empty: name the values to try");
        }
        for (int i = 0; i < values.size(); i++) {
            String text = text(values.get(i));
            if (!END_OF_NAME.matcher(text).matches()) {
                throw wrong("'" + text + "' in " + place
                        + " cannot be part of a folder's name: give such values as methods with names");
            }
            if (values.indexOf(values.get(i)) < i) {
                throw wrong(place + " has the value " + text + " twice");
            }
        }
        return values;
    }

    /** A number as it is written in the file. */
    private static String text(ConfigValue value) {
        return switch (value.valueType()) {
            case NUMBER, STRING, BOOLEAN -> value.atKey("value").getString("value");
            case LIST, OBJECT, NULL -> value.render(ConfigRenderOptions.concise());
        };
    }

    private List<Long> seeds(String key) {
        List<Long> seeds;
        try {
            seeds = grid.hasPath(key) ? grid.getLongList(key) : List.of(1L);
        } catch (ConfigException.WrongType e) {
            throw wrong(key + " is not a list of whole numbers: write " + key + " = [1, 2, 3]");
        }
        if (seeds.isEmpty()) {
            throw wrong(key + " is empty: name one at least");
        }
        return seeds;
    }

    private void requireDifferent(List<Grid.Trial> trials) {
        Map<String, Grid.Trial> known = new LinkedHashMap<>();
        Map<String, Grid.Trial> folders = new HashMap<>();
        for (Grid.Trial trial : trials) {
            Grid.Trial same = known.putIfAbsent(trial.job().render(), trial);
            Grid.Trial there = folders.putIfAbsent(trial.folder(), trial);
            if (same != null) {
                throw wrong(same.folder() + " and " + trial.folder() + " are the same run: all of their settings are"
                        + " alike. Remove one, or change a setting.");
            }
            if (there != null) {
                throw wrong("two runs are called " + trial.folder() + ": give their methods different names");
            }
        }
    }

    private Optional<Grid.Baseline> baseline(List<Grid.Trial> trials) {
        if (!grid.hasPath(BASELINE)) {
            return Optional.empty();
        }
        Config given = section(BASELINE);
        requireKnown(given, BASELINE + ".", BASELINE, List.of("method", "order"));
        String method = given.getString("method");
        List<String> methods =
                trials.stream().map(Grid.Trial::method).distinct().toList();
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
        return Optional.of(new Grid.Baseline(method, order));
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
