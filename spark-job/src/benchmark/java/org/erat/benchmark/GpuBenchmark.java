package org.erat.benchmark;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.erat.benchmark.Engine.Trainer;
import org.erat.compute.Backends;
import org.erat.compute.cuda.CudaBackend;
import org.erat.compute.cuda.CudaException;
import org.erat.config.Precision;
import org.erat.data.architecture.Architecture;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.Targets;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Training steps on this machine's GPU beside PyTorch and PEFT, whose figures {@code gpu_peer.py} has measured. */
@Command(
        name = "submit/benchmark --gpu",
        description =
                "Measures training steps in bf16 on GPU 0, LoRA r=8 on query and value, at the shapes of gpu_peer.py,"
                        + " with random weights.",
        mixinStandardHelpOptions = true)
final class GpuBenchmark implements Callable<Integer> {
    private static final int VOCABULARY = 30522;
    private static final double MEBIBYTE = 1 << 20;
    private static final ObjectMapper JSON = new ObjectMapper();

    /** As in gpu_peer.py, by the same names. */
    private static final List<StepShape> SHAPES = List.of(
            new StepShape("BERT-base 32x128", "", "", 32, 128, 12, 768, 12),
            new StepShape("BERT-base 8x512", "", "", 8, 512, 12, 768, 12),
            new StepShape("BERT-large 64x256", "", "", 64, 256, 24, 1024, 16),
            new StepShape("MiniLM 32x16", "", "", 32, 16, 6, 384, 12));

    @Option(names = "--steps", defaultValue = "30", description = "Steps that count (default: ${DEFAULT-VALUE}).")
    private int steps;

    @Option(names = "--warmup", defaultValue = "5", description = "Steps before them (default: ${DEFAULT-VALUE}).")
    private int warmup;

    @Option(names = "--peer", paramLabel = "FILE", description = "What gpu_peer.py has printed on this machine.")
    private Path peer;

    @Option(
            names = "--job",
            paramLabel = "DIR",
            description = "Run directory of a whole job on this machine, whose rounds become a row."
                    + " spark-job/docs/gpus.md has the command for such a job.")
    private Path job;

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "Where all samples go, as JSON.")
    private Path out;

    @Option(
            names = "--models",
            required = true,
            paramLabel = "DIR",
            description = "Where models of random weights are kept.")
    private Path models;

    private GpuBenchmark() {}

    public static void main(String[] args) {
        System.exit(new CommandLine(new GpuBenchmark()).execute(args));
    }

    @Override
    public Integer call() throws IOException {
        ObjectNode result = JSON.createObjectNode();
        if (job != null) {
            result.set("job", WholeJob.read(job).print());
        }
        JsonNode measuredPeer = peer == null ? JSON.createObjectNode() : JSON.readTree(peer.toFile());
        CudaBackend gpu;
        try {
            gpu = CudaBackend.on(0, Precision.BF16);
        } catch (LinkageError | CudaException e) {
            System.err.println("There is no GPU to measure on: " + e.getMessage());
            return 1;
        }
        Backends.provide(
                new OursEngine(1, "cuda")
                        .job(Path.of("none"), Bench.LORA, Bench.BF16)
                        .compute(),
                gpu);
        result.put("device", gpu.device());
        result.set("peer", measuredPeer);
        System.out.println("| shape | method | ours | eager | torch.compile | eager ÷ ours | compile ÷ ours"
                + " | share of products |");
        System.out.println("|---|---|---|---|---|---|---|---|");
        for (StepShape shape : SHAPES) {
            double lora = report(result, shape, "lora", measuredPeer);
            if (shape.equals(SHAPES.get(0))) {
                // Later on the device holds several models and what their tasks have left.
                reportMemory(result, shape, gpu.peakBytes(), measuredPeer);
            }
            double erat = report(result, shape, "erat", measuredPeer);
            System.out.printf(Locale.ROOT, "| %s | erat over lora | %.2f | | | | | |%n", shape.name(), erat / lora);
        }
        Files.createDirectories(out.toAbsolutePath().getParent());
        JSON.writerWithDefaultPrettyPrinter().writeValue(out.toFile(), result);
        return 0;
    }

    private double report(ObjectNode result, StepShape shape, String method, JsonNode measuredPeer) throws IOException {
        double[] seconds = seconds(shape, method);
        double ours = Arrays.stream(seconds).sorted().toArray()[seconds.length / 2];
        ObjectNode row = result.withArray("/ours").addObject();
        row.put("shape", shape.name()).put("method", method).put("median_s", ours);
        DoubleStream.of(seconds).forEach(row.withArray("/samples_s")::add);
        double eager = ofPeer(measuredPeer, shape, "eager", "median_s");
        double compiled = ofPeer(measuredPeer, shape, "compile", "median_s");
        double rate = measuredPeer.at("/environment/bf16_product_flop_per_s").asDouble(Double.NaN);
        System.out.printf(
                Locale.ROOT,
                "| %s | %s | %.2f ms | %.2f ms | %.2f ms | %.2f | %.2f | %.2f |%n",
                shape.name(),
                method,
                1e3 * ours,
                1e3 * eager,
                1e3 * compiled,
                eager / ours,
                compiled / ours,
                shape.flop() / ours / rate);
        return ours;
    }

    /** What both sides' tensors and frozen weights took at most, without what CUDA itself takes. */
    private static void reportMemory(ObjectNode result, StepShape shape, long ours, JsonNode measuredPeer) {
        double eager = ofPeer(measuredPeer, shape, "eager", "peak_allocated_bytes");
        double compiled = ofPeer(measuredPeer, shape, "compile", "peak_allocated_bytes");
        result.putObject("memory").put("shape", shape.name()).put("peak_bytes", ours);
        System.out.printf(
                Locale.ROOT,
                "| %s | lora, device memory | %.0f MiB | %.0f MiB | %.0f MiB | %.2f | %.2f | |%n",
                shape.name(),
                ours / MEBIBYTE,
                eager / MEBIBYTE,
                compiled / MEBIBYTE,
                eager / ours,
                compiled / ours);
    }

    /** A figure of a step; not a number where that was not measured. */
    private static double ofPeer(JsonNode measured, StepShape shape, String variant, String figure) {
        for (JsonNode step : measured.path("steps")) {
            if (step.path("shape").asText().equals(shape.name())
                    && step.path("variant").asText().equals(variant)) {
                return step.path(figure).asDouble(Double.NaN);
            }
        }
        return Double.NaN;
    }

    private double[] seconds(StepShape shape, String method) throws IOException {
        Trainer trainer = new OursEngine(1, "cuda").open(model(shape), method, "bf16");
        int count = shape.batch() * shape.tokens();
        int[] ids = IntStream.range(0, count)
                .map(i -> 1000 + i % (VOCABULARY - 1000))
                .toArray();
        int[] lengths = new int[shape.batch()];
        Arrays.fill(lengths, shape.tokens());
        int[] labels =
                IntStream.range(0, shape.batch()).map(i -> i % Engine.CLASSES).toArray();
        Batch batch = new Batch(ids, new int[count], lengths, new long[shape.batch()], new Targets.Classes(labels));
        double[] seconds = new double[steps];
        for (int step = -warmup; step < steps; step++) {
            // A stride that meets all parts of the schedule in few steps.
            double one = trainer.train(batch, Math.floorMod(377 * step, Engine.TOTAL_STEPS));
            if (step >= 0) {
                seconds[step] = one;
            }
        }
        return seconds;
    }

    private Path model(StepShape shape) throws IOException {
        Path directory = models.resolve(shape.blocks() + "x" + shape.width());
        if (!Files.exists(directory)) {
            Architecture bert = RandomBaseModel.bert(
                    VOCABULARY, 512, shape.blocks(), shape.width(), shape.heads(), 4 * shape.width());
            RandomBaseModel.write(directory, bert, "{}".getBytes(UTF_8));
        }
        return directory;
    }
}
