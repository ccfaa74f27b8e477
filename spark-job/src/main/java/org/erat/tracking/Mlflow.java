package org.erat.tracking;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import javax.annotation.Nullable;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.erat.checkpoint.RunDirectory;
import org.erat.data.Json;
import org.erat.data.storage.Storage;

/**
 * A run on an MLflow server: parameters, tags, metrics, and files as artifacts. The run directory keeps the id of the run
 * there, so that a run that goes on does so under the same one. What the server did not take is sent again with the next
 * metrics.
 */
final class Mlflow implements Tracker {
    /** Holds the server and the id of the run on it. */
    static final String FILE = "mlflow.json";

    private static final ObjectMapper JSON = Json.mapper();

    // Limits of log-batch.
    private static final int METRICS_AT_ONCE = 1000;
    private static final int PARAMETERS_AT_ONCE = 100;
    private static final int LONGEST_PARAMETER = 500;

    private static final String MISSING = "RESOURCE_DOES_NOT_EXIST";
    private static final String PROXIED = "mlflow-artifacts";
    private static final String EXPERIMENT_ID = "experiment_id";
    private static final String RUN_ID = "run_id";
    private static final String SERVER = "server";
    private static final String KEY = "key";
    private static final String VALUE = "value";

    private final MlflowServer server;
    private final String experiment;
    private final RunDirectory run;
    private final Map<String, String> tags;
    private final Configuration hadoop;

    /** What the server has not taken yet. */
    private final List<ObjectNode> parameters = new ArrayList<>();

    private final List<ObjectNode> metrics = new ArrayList<>();

    @Nullable
    private String id;

    Mlflow(
            MlflowServer server,
            String experiment,
            RunDirectory run,
            Map<String, String> parameters,
            Map<String, String> tags,
            Configuration hadoop) {
        this.server = server;
        this.experiment = experiment;
        this.run = run;
        this.tags = new TreeMap<>(tags);
        this.hadoop = hadoop;
        // Sent again, the same values change nothing.
        new TreeMap<>(parameters)
                .forEach((key, value) -> this.parameters.add(JSON.createObjectNode()
                        .put(KEY, allowed(key))
                        .put(VALUE, value.substring(0, Math.min(value.length(), LONGEST_PARAMETER)))));
    }

    @Override
    public String name() {
        return "tracking.mlflow = " + server;
    }

    /** The server draws the metrics of a step that is made again over the earlier ones. */
    @Override
    public void begin(long step) {}

    @Override
    public void record(Point point) {
        new TreeMap<>(point.values())
                .forEach((name, value) -> metrics.add(JSON.createObjectNode()
                        .put(KEY, allowed(name))
                        .put(VALUE, value)
                        .put("timestamp", point.millis())
                        .put("step", point.at())));
    }

    /** Names may have letters, digits, and some other characters. */
    private static String allowed(String name) {
        return name.replaceAll("[^\\w./ -]", "");
    }

    @Override
    public void send() throws IOException, InterruptedException {
        String into = id();
        while (!parameters.isEmpty()) {
            List<ObjectNode> some = parameters.subList(0, Math.min(PARAMETERS_AT_ONCE, parameters.size()));
            ObjectNode batch = JSON.createObjectNode().put(RUN_ID, into);
            batch.putArray("params").addAll(some);
            server.post("runs/log-batch", batch);
            some.clear();
        }
        while (!metrics.isEmpty()) {
            List<ObjectNode> some = metrics.subList(0, Math.min(METRICS_AT_ONCE, metrics.size()));
            ObjectNode batch = JSON.createObjectNode().put(RUN_ID, into);
            batch.putArray("metrics").addAll(some);
            server.post("runs/log-batch", batch);
            some.clear();
        }
    }

    @Override
    public void end(Ending ending, List<Path> files) throws IOException, InterruptedException {
        JsonNode info = server.get("runs/get", Map.of(RUN_ID, id())).path("run").path("info");
        for (Path file : files) {
            keep(URI.create(info.path("artifact_uri").asText()), file, file.getName());
        }
        String status =
                switch (ending) {
                    case FINISHED -> "FINISHED";
                    case FAILED -> "FAILED";
                    case INTERRUPTED -> "KILLED";
                };
        server.post(
                "runs/update",
                JSON.createObjectNode()
                        .put(RUN_ID, id())
                        .put("status", status)
                        .put("end_time", System.currentTimeMillis()));
    }

    // ---- artifacts

    /** Keeps a file, or all files of a folder, where the server says. */
    private void keep(URI root, Path from, String name) throws IOException, InterruptedException {
        Storage storage = Storage.of(from, hadoop);
        if (!storage.isFile(from)) {
            List<Path> inside = new ArrayList<>(storage.list(from));
            Collections.sort(inside);
            for (Path file : inside) {
                keep(root, file, name + "/" + file.getName());
            }
            return;
        }
        byte[] content = storage.read(from);
        if (PROXIED.equals(root.getScheme())) {
            server.put(root, name, content);
            return;
        }
        // The server leaves it to its clients. Hadoop calls the store of s3 addresses s3a.
        Path target = new Path(root.toString().replaceFirst("^s3:", "s3a:"), name);
        Storage there = Storage.of(target, hadoop);
        there.createFolder(target.getParent());
        there.writeAtomically(target, out -> out.write(content));
    }

    // ---- the run there

    private String id() throws IOException, InterruptedException {
        if (id == null) {
            Optional<String> before = idOfAnEarlierSubmission();
            if (before.isPresent()) {
                server.post(
                        "runs/update",
                        JSON.createObjectNode().put(RUN_ID, before.get()).put("status", "RUNNING"));
                id = before.get();
            } else {
                id = create();
            }
        }
        return id;
    }

    private Optional<String> idOfAnEarlierSubmission() throws IOException {
        Optional<String> text = run.read(FILE);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        JsonNode before = JSON.readTree(text.get());
        return before.path(SERVER).asText().equals(server.toString())
                ? Optional.of(before.path(RUN_ID).asText())
                : Optional.empty();
    }

    private String create() throws IOException, InterruptedException {
        ObjectNode request = JSON.createObjectNode()
                .put(EXPERIMENT_ID, experimentId())
                .put("run_name", run.path().getName())
                .put("start_time", System.currentTimeMillis());
        ArrayNode pairs = request.putArray("tags");
        tags.forEach((key, value) -> pairs.addObject().put(KEY, allowed(key)).put(VALUE, value));
        String made = server.post("runs/create", request)
                .path("run")
                .path("info")
                .path(RUN_ID)
                .asText();
        // From here on it is this run, whether or not that can be written down.
        id = made;
        run.requireLease();
        run.write(
                FILE,
                JSON.createObjectNode()
                                .put(SERVER, server.toString())
                                .put(RUN_ID, made)
                                .toPrettyString()
                        + "\n");
        return made;
    }

    private String experimentId() throws IOException, InterruptedException {
        try {
            return server.get("experiments/get-by-name", Map.of("experiment_name", experiment))
                    .path("experiment")
                    .path(EXPERIMENT_ID)
                    .asText();
        } catch (MlflowServer.RefusedException e) {
            if (!e.code().equals(MISSING)) {
                throw e;
            }
            return server.post("experiments/create", JSON.createObjectNode().put("name", experiment))
                    .path(EXPERIMENT_ID)
                    .asText();
        }
    }
}
