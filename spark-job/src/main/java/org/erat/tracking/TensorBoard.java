package org.erat.tracking;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import javax.annotation.Nullable;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.erat.data.storage.Storage;

/** Event files for TensorBoard, in a folder with the name of the run directory. */
final class TensorBoard implements Tracker {
    private final String folder;
    private final String run;
    private final Map<String, String> settings;
    private final Configuration hadoop;

    private final ByteArrayOutputStream waiting = new ByteArrayOutputStream();
    private int files;

    /** None before the first event, and after one that could not be written whole. */
    @Nullable
    private Path file;

    /**
     * @param folder of all runs, on any Hadoop file system
     * @param run name of this one
     * @param settings of the run by key, without secrets
     */
    TensorBoard(String folder, String run, Map<String, String> settings, Configuration hadoop) {
        this.folder = folder;
        this.run = run;
        this.settings = new TreeMap<>(settings);
        this.hadoop = hadoop;
    }

    @Override
    public String name() {
        return "tracking.tensorboard = " + folder;
    }

    @Override
    public void begin(long step) {
        long now = System.currentTimeMillis();
        waiting.writeBytes(Events.start(now, step + 1));
        if (step == 0) {
            waiting.writeBytes(Events.text(now, "configuration", table()));
        }
    }

    @Override
    public void record(Point point) {
        waiting.writeBytes(Events.scalars(point.millis(), point.at(), point.values()));
    }

    @Override
    public void send() throws IOException {
        Path root = Storage.path(folder);
        Storage storage = Storage.of(root, hadoop);
        Path into = file;
        file = null;
        if (into == null) {
            Path ofRun = new Path(storage.qualify(root), run);
            storage.createFolder(ofRun);
            into = new Path(ofRun, nextName());
            storage.append(into, Events.version(System.currentTimeMillis()));
        }
        storage.append(into, waiting.toByteArray());
        waiting.reset();
        file = into;
    }

    /** TensorBoard reads the files of a folder in the order of their names. */
    private String nextName() {
        return String.format(
                Locale.ROOT,
                "events.out.tfevents.%010d.erat.%d.%03d",
                TimeUnit.MILLISECONDS.toSeconds(System.currentTimeMillis()),
                ProcessHandle.current().pid(),
                files++);
    }

    /** TensorBoard has no notion of an end, and keeps no files. */
    @Override
    public void end(Ending ending, List<Path> kept) {}

    private String table() {
        return settings.entrySet().stream()
                .map(setting ->
                        "| " + setting.getKey() + " | " + setting.getValue().replace("|", "\\|") + " |\n")
                .collect(Collectors.joining("", "| setting | value |\n|---|---|\n", ""));
    }
}
