package org.erat.benchmark;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.erat.data.tokenized.PackedExamples;

/** What the rows of the table share: where things are, the processes of both sides, and how often to repeat. */
final class Bench implements AutoCloseable {
    static final String LORA = "lora";
    static final String ERAT = "erat";

    /** Ends the name of a method whose steps are the bare learner's, without Deeplearning4j's {@code fit}. */
    static final String BARE = " bare";

    static final String F32 = "f32";
    static final String BF16 = "bf16";

    private final Path home;
    private final Path folder;
    private final int threads;
    private final boolean quick;
    private final Map<String, Path> models;
    private final Report report;
    private Child ours;
    private Child torch;

    /**
     * @param home of the project
     * @param folder for what the benchmark makes
     * @param models base-model directories by name, see {@link Workspace}
     */
    Bench(Path home, Path folder, int threads, boolean quick, Map<String, Path> models, Report report) {
        this.home = home;
        this.folder = folder;
        this.threads = threads;
        this.quick = quick;
        this.models = models;
        this.report = report;
    }

    Path home() {
        return home;
    }

    Path folder() {
        return folder;
    }

    int threads() {
        return threads;
    }

    /** The first number, or the second where the benchmark is to be quick. */
    int times(int thorough, int few) {
        return quick ? few : thorough;
    }

    Path model(String name) {
        return models.get(name);
    }

    void add(Line line) {
        report.add(line);
        System.err.println("  " + Report.brief(line));
    }

    /** The prepared data set of a name. */
    Path data(String name) {
        return folder.resolve("data").resolve(name);
    }

    /** Its training examples, as the processes of both sides read them. */
    Path packed(String name) {
        return folder.resolve("data").resolve(name + ".packed");
    }

    PackedExamples examples(String name) {
        return ObjectFile.read(packed(name));
    }

    Child ours() {
        if (ours == null) {
            ours = side("ours", Map.of());
        }
        return ours;
    }

    Child torch() {
        if (torch == null) {
            torch = side("torch", Map.of());
        }
        return torch;
    }

    /** Our side in a process of its own, which tells of every primitive beside its answers; to be closed after use. */
    Child verboseOurs() {
        return side("ours", Map.of("ONEDNN_VERBOSE", "profile_exec"));
    }

    /** A language model's head in a process of its own, to be closed after use. */
    Child head() {
        return side("head", Map.of());
    }

    private Child side(String role, Map<String, String> more) {
        // DJL unpacks libtorch where this points.
        String natives = home.resolve("spark-job/target/djl").toString();
        Map<String, String> environment = new HashMap<>(more);
        environment.put("OMP_NUM_THREADS", Integer.toString(threads));
        environment.put("DJL_CACHE_DIR", natives);
        environment.put("ENGINE_CACHE_DIR", natives);
        return Child.start(List.of(role, Integer.toString(threads)), environment, log(role));
    }

    /** PyTorch in a process of its own, to be closed after use: {@code cpu_peer.py}, run by a Python that has what it needs. */
    Child pytorch(Path python) {
        Path script = home.resolve("spark-job/src/benchmark/python/cpu_peer.py");
        return Child.start(
                "pytorch",
                List.of(python.toString(), script.toString()),
                Map.of("OMP_NUM_THREADS", Integer.toString(threads), "PYTHONDONTWRITEBYTECODE", "1"),
                log("pytorch"));
    }

    /** A Spark driver of its own, to be closed after use. */
    Child spark(String master, int threadsOfTask) {
        return Child.start(
                List.of(
                        "spark",
                        master,
                        home.resolve("conf/spark-defaults.conf").toString()),
                Map.of(
                        "OMP_NUM_THREADS",
                        Integer.toString(threadsOfTask),
                        "RUST_FLAVOR",
                        "cpu",
                        "SPARK_LOCAL_IP",
                        "127.0.0.1",
                        "LOG4J_CONFIGURATION_FILE",
                        home.resolve("conf/log4j2.properties").toString()),
                log("spark " + master.replaceAll("\\W+", "-")));
    }

    Path log(String name) {
        return folder.resolve("logs").resolve(name + ".log");
    }

    /** Ends both sides' processes: what follows must not share memory with them. */
    void endSides() {
        if (ours != null) {
            ours.close();
        }
        if (torch != null) {
            torch.close();
        }
        ours = null;
        torch = null;
    }

    /** Seconds of one training step. */
    double train(Child side, String model, String method, String precision, String data, int[] indices, int step) {
        ObjectNode request = onBatch("train", model, method, precision, data, indices);
        return side.ask(request.put("step", step)).get("seconds").asDouble();
    }

    /** Seconds of one forward pass without gradients. */
    double forward(Child side, String model, String precision, String data, int[] indices) {
        return side.ask(onBatch("forward", model, LORA, precision, data, indices))
                .get("seconds")
                .asDouble();
    }

    /** A request about a model and a mini-batch. */
    ObjectNode onBatch(String what, String model, String method, String precision, String data, int[] indices) {
        ObjectNode request = Child.request(what)
                .put("model", model(model).toString())
                .put("method", method)
                .put("precision", precision)
                .put("examples", packed(data).toString());
        ArrayNode list = request.putArray("indices");
        for (int index : indices) {
            list.add(index);
        }
        return request;
    }

    /** A number of each of the answer's elements. */
    static Samples samples(JsonNode list, String field, int from) {
        double[] values = new double[list.size() - from];
        for (int i = 0; i < values.length; i++) {
            values[i] = list.get(from + i).get(field).asDouble();
        }
        return Samples.of(values);
    }

    @Override
    public void close() {
        endSides();
    }
}
