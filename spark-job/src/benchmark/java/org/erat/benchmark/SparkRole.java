package org.erat.benchmark;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.erat.checkpoint.RunDirectory;
import org.erat.config.JobConfig;
import org.erat.config.RowOrder;
import org.erat.data.architecture.Architecture;
import org.erat.data.basemodel.BaseModelDirectory;
import org.erat.data.text.TextFormat;
import org.erat.data.text.TextTask;
import org.erat.data.text.Tokenization;
import org.erat.data.text.TokenizationRequest;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.TaskType;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.evaluation.EvaluationRequest;
import org.erat.evaluation.Evaluator;
import org.erat.export.AdapterFiles;
import org.erat.export.TrainedAdapter;
import org.erat.inference.AdapterUse;
import org.erat.job.RunListener;
import org.erat.job.TrainingPlanner;
import org.erat.job.TrainingRun;
import org.erat.training.round.RoundProperties;
import org.erat.training.round.RoundReport;

/** A Spark driver that prepares data, trains whole runs and looks at its executors as it is asked. */
final class SparkRole implements ChildMain.Role {
    /** Heap of an executor. */
    static final String HEAP = "512m";

    private static final int LONGEST = 256;

    private final SparkSession session;

    /**
     * @param master where it runs
     * @param defaults the project's Spark properties: a name, blanks and a value on each line
     */
    SparkRole(String master, String defaults) {
        SparkConf conf = new SparkConf()
                .setMaster(master)
                .setAppName("benchmark on " + master)
                .set("spark.ui.enabled", "false")
                .set("spark.driver.host", "127.0.0.1")
                .set("spark.driver.bindAddress", "127.0.0.1");
        try {
            for (String line : Files.readAllLines(Path.of(defaults))) {
                if (line.startsWith("spark.")) {
                    String[] property = line.split("\\s+", 2);
                    conf.set(property[0], property[1].strip());
                }
            }
        } catch (IOException e) {
            throw new IllegalArgumentException(defaults + " cannot be read", e);
        }
        conf.set("spark.executor.memory", HEAP)
                .set("spark.executor.extraClassPath", System.getProperty("java.class.path"))
                .set("spark.executorEnv.SPARK_SCALA_VERSION", "2.12")
                .set("spark.executorEnv.OMP_NUM_THREADS", "1")
                .set("spark.executorEnv.RUST_FLAVOR", "cpu")
                .set("spark.executorEnv.SPARK_LOCAL_IP", "127.0.0.1");
        RoundProperties.DEFAULTS.forEach(conf::setIfMissing);
        this.session = SparkSession.builder().config(conf).getOrCreate();
    }

    @Override
    public ObjectNode answer(JsonNode request) {
        return switch (request.get("do").asText()) {
            case "prepare" -> prepare(request);
            case "pack" -> pack(request);
            case "train" -> train(request);
            case "evaluate" -> evaluate(request);
            case "stock" -> stock(request);
            case "plan" -> plan(request);
            case "executors" -> new Executors(context()).describe();
            default -> throw new IllegalArgumentException("Not understood: " + request);
        };
    }

    private JavaSparkContext context() {
        return JavaSparkContext.fromSparkContext(session.sparkContext());
    }

    /** Tokenizes a data set, and writes its training examples to a file for the other processes. */
    private ObjectNode prepare(JsonNode request) {
        String model = request.get("model").asText();
        String out = request.get("out").asText();
        String task = request.get("task").asText();
        TextTask text = task.equals("synthetic")
                ? TextTask.custom(TextFormat.TSV, true, "text", null, "label", TaskType.CLASSIFICATION)
                : TextTask.named(task);
        Architecture architecture;
        try (BaseModelDirectory directory = BaseModelDirectory.open(Path.of(model))) {
            architecture = directory.architecture();
        }
        Tokenization.prepare(
                session,
                new TokenizationRequest(
                        text,
                        request.get("input").asText(),
                        model,
                        architecture.vocabulary(),
                        Math.min(LONGEST, architecture.maxLength()),
                        out,
                        TokenizationRequest.DEFAULT_VALIDATION_SHARE,
                        TokenizationRequest.DEFAULT_SEED,
                        Optional.empty()),
                System.err::println);
        return pack(request);
    }

    /** Writes the training examples of a prepared data set to a file for the other processes. */
    private ObjectNode pack(JsonNode request) {
        TokenizedDataset data = TokenizedDataset.open(session, request.get("out").asText());
        ObjectFile.write(
                Path.of(request.get("packed").asText()),
                data.shards(Split.TRAIN, 1).first());
        return Child.JSON.createObjectNode();
    }

    /** A whole run; its rounds and the time of all of it. */
    private ObjectNode train(JsonNode request) {
        JobConfig job = JobConfig.parse(request.get("job").asText(), "benchmark", List.of());
        ObjectNode answer = Child.JSON.createObjectNode();
        ArrayNode rounds = answer.putArray("rounds");
        RunListener listener = new RunListener() {
            @Override
            public void say(String line) {
                System.err.println(line);
            }

            @Override
            public void roundsBegin(int done, int total) {
                // What matters is told of each round.
            }

            @Override
            public void roundDone(RoundReport report) {
                rounds.addObject()
                        .put("seconds", report.seconds())
                        .put("overhead", report.overheadSeconds())
                        .put("down", report.bytesDown())
                        .put("up", report.bytesUp());
            }
        };
        long start = System.nanoTime();
        new TrainingRun(session, job, listener).run(request.get("run").asText(), false);
        return answer.put("seconds", (System.nanoTime() - start) / 1e9);
    }

    /** What a run would take of an executor's memory. */
    private ObjectNode plan(JsonNode request) {
        JobConfig job = JobConfig.parse(request.get("job").asText(), "benchmark", List.of());
        SparkConf conf = session.sparkContext().getConf();
        String lines = new TrainingPlanner(session, conf)
                .plan(job).lines().stream()
                        .filter(line -> line.startsWith("memory: ") || line.startsWith("heap: "))
                        .collect(Collectors.joining(" "));
        return Child.JSON.createObjectNode().put("memory", lines);
    }

    /** Quality at some ranks of a finished run. */
    private ObjectNode evaluate(JsonNode request) {
        var hadoop = session.sparkContext().hadoopConfiguration();
        long start = System.nanoTime();
        RunDirectory run = RunDirectory.read(request.get("run").asText(), hadoop, System.err::println);
        TrainedAdapter adapter = AdapterFiles.read(run.path("adapter"), hadoop);
        List<Integer> ranks = StreamSupport.stream(request.get("ranks").spliterator(), false)
                .map(JsonNode::asInt)
                .toList();
        EvaluationRequest measured = new EvaluationRequest(
                Split.VALIDATION, List.of(RowOrder.TRAINED), ranks, List.of(), request.get("limit").asInt());
        JobConfig job = JobConfig.parse(run.config(), "benchmark", List.of());
        AdapterUse use = new AdapterUse(adapter, adapter.base().name(), job.compute(), 32);
        TokenizedDataset data =
                TokenizedDataset.open(session, request.get("data").asText());
        Evaluator.evaluate(session, use, data, measured, System.err::println);
        return Child.JSON.createObjectNode().put("seconds", (System.nanoTime() - start) / 1e9);
    }

    private ObjectNode stock(JsonNode request) {
        JobConfig job = JobConfig.parse(request.get("job").asText(), "benchmark", List.of());
        ObjectNode answer = Child.JSON.createObjectNode();
        ArrayNode rounds = answer.putArray("rounds");
        new StockRounds(session, job).run(request.get("rounds").asInt()).forEach(rounds::add);
        return answer;
    }

    @Override
    public void close() {
        session.close();
    }
}
