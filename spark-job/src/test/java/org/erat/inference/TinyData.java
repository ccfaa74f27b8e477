package org.erat.inference;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.Window;
import org.erat.config.ComputeSettings.DeviceChoice;
import org.erat.config.Precision;
import org.erat.data.Sha256;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.Manifest;
import org.erat.data.tokenized.SplitSummary;
import org.erat.data.tokenized.Targets;
import org.erat.data.tokenized.TaskType;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.dl4j.TinyLearners;
import org.erat.export.TrainedAdapter;
import org.erat.model.TinyBaseModel;

/** Random examples for the task of a {@link TinyLearners}, as a tokenized data set and as mini-batches of one. */
public final class TinyData {
    private final TinyLearners tiny;
    private final Path model;
    private final List<Example> examples = new ArrayList<>();

    /**
     * One example.
     *
     * @param labels its class, or those of its tokens; empty for a number
     * @param wordStarts of words only
     */
    private record Example(int[] tokens, int[] types, int[] labels, float number, int[] wordStarts) {}

    TinyData(TinyLearners tiny, Path model, int count) {
        this.tiny = tiny;
        this.model = model;
        Random random = new Random(11);
        for (int i = 0; i < count; i++) {
            examples.add(tiny.task == TaskType.TOKEN_CLASSIFICATION ? words(random, i) : text(random));
        }
    }

    private Example text(Random random) {
        int[] tokens = tokens(random);
        return tiny.task == TaskType.REGRESSION
                ? new Example(tokens, types(tokens), new int[0], (float) random.nextGaussian(), new int[0])
                : new Example(tokens, types(tokens), new int[] {random.nextInt(tiny.outputs)}, 0, new int[0]);
    }

    /**
     * Words of one token and of two in turn, all but the third with a label, which the second token of a word repeats. After
     * them come a word that was cut away, and in the fifth example nothing else.
     */
    private Example words(Random random, int index) {
        int[] tokens = tokens(random);
        int[] labels = new int[tokens.length];
        Arrays.fill(labels, Targets.NONE);
        List<Integer> starts = new ArrayList<>();
        for (int t = 0; t < tokens.length && index != 4; t += 1 + starts.size() % 2) {
            starts.add(t);
            int label = starts.size() == 3 ? Targets.NONE : random.nextInt(tiny.outputs);
            labels[t] = label;
            if (starts.size() % 2 == 1 && t + 1 < tokens.length) {
                labels[t + 1] = label;
            }
        }
        starts.add(-1);
        return new Example(
                tokens,
                types(tokens),
                labels,
                0,
                starts.stream().mapToInt(Integer::intValue).toArray());
    }

    private static int[] tokens(Random random) {
        int[] tokens = new int[2 + random.nextInt(18)];
        Arrays.setAll(tokens, t -> 5 + random.nextInt(TinyBaseModel.VOCABULARY - 5));
        return tokens;
    }

    private static int[] types(int... tokens) {
        return IntStream.range(0, tokens.length)
                .map(t -> 2 * t < tokens.length ? 0 : 1)
                .toArray();
    }

    public int size() {
        return examples.size();
    }

    /** The class of an example. */
    public int label(int id) {
        return examples.get(id).labels()[0];
    }

    /** The number of an example. */
    public float number(int id) {
        return examples.get(id).number();
    }

    /** The classes of an example's tokens. */
    public int[] labels(int id) {
        return examples.get(id).labels();
    }

    /** The first tokens of an example's words, −1 for one that was cut away. */
    public int[] wordStarts(int id) {
        return examples.get(id).wordStarts();
    }

    /** Writes the examples as the validation split, in this many files from the last example to the first. */
    public TokenizedDataset write(SparkSession spark, TrainedAdapter adapter, Path directory, int files)
            throws IOException {
        return write(spark, adapter, directory, files, adapter.labelNames(), tokenizerSha256());
    }

    public TokenizedDataset write(
            SparkSession spark,
            TrainedAdapter adapter,
            Path directory,
            int files,
            List<String> labelNames,
            String tokenizerSha256)
            throws IOException {
        List<Row> rows =
                new ArrayList<>(IntStream.range(0, size()).mapToObj(this::row).toList());
        Collections.reverse(rows);
        spark.createDataFrame(rows, TokenizedDataset.schema(tiny.task))
                .repartition(files)
                .write()
                .parquet(directory.resolve("validation").toString());
        SplitSummary summary = new SplitSummary(size(), 0, 20, 0);
        new Manifest(
                        Manifest.version(tiny.task, true),
                        "tiny",
                        tiny.task,
                        labelNames,
                        adapter.metrics(),
                        tokenizerSha256,
                        24,
                        TinyBaseModel.VOCABULARY - 1,
                        summary,
                        summary,
                        "none",
                        "random",
                        Map.of())
                .write(spark.sparkContext().hadoopConfiguration(), new org.apache.hadoop.fs.Path(directory.toUri()));
        return TokenizedDataset.open(spark, directory.toString());
    }

    private Row row(int id) {
        Example example = examples.get(id);
        return switch (tiny.task) {
            case CLASSIFICATION -> RowFactory.create((long) id, example.tokens(), example.types(), label(id));
            case MULTI_LABEL_CLASSIFICATION ->
                RowFactory.create((long) id, example.tokens(), example.types(), new int[] {label(id)});
            case REGRESSION -> RowFactory.create((long) id, example.tokens(), example.types(), number(id));
            case TOKEN_CLASSIFICATION ->
                RowFactory.create((long) id, example.tokens(), example.types(), example.labels(), example.wordStarts());
            case LANGUAGE_MODELING -> throw new IllegalStateException("No language model here");
        };
    }

    public String tokenizerSha256() {
        return Sha256.of(model.resolve("tokenizer.json"));
    }

    /**
     * Probabilities or numbers [n][M·C] that the training graph gives for each example alone, in double precision, with the
     * rows of a window at a scale. They are all rows of an adapter whose Bᵀ is 0 outside the window and has the scale in it.
     * Of words M is the number of those that have tokens.
     */
    public double[][] direct(TrainedAdapter adapter, Window rows, double scale) {
        double[] parameters = new double[adapter.parameters().length];
        Arrays.setAll(parameters, i -> adapter.parameters()[i]);
        double ofAll = adapter.adapter().scale().of(adapter.rank());
        for (AdapterLayout.Slot slot : adapter.layout().slots()) {
            for (int row = 0; row < adapter.rank(); row++) {
                double factor = row < rows.start() || row >= rows.end() ? 0 : scale / ofAll;
                for (int i = 0; i < slot.out(); i++) {
                    parameters[(int) slot.rowOfB(row) + i] *= factor;
                }
            }
        }
        Precision precision = tiny.precision;
        DeviceChoice device = tiny.device;
        tiny.on(DeviceChoice.ND4J, Precision.F64);
        double[][] outputs = new double[size()][0];
        int[] ids =
                IntStream.range(0, size()).filter(id -> targets(id).count() > 0).toArray();
        double[][] ofTargets =
                tiny.outputs(parameters, IntStream.of(ids).mapToObj(this::alone).toList());
        for (int i = 0; i < ids.length; i++) {
            outputs[ids[i]] = ofTargets[i];
        }
        tiny.on(device, precision);
        return outputs;
    }

    private Batch alone(int id) {
        Example example = examples.get(id);
        int[] lengths = {example.tokens().length};
        return new Batch(example.tokens(), example.types(), lengths, new long[] {id}, targets(id));
    }

    /** Targets that ask for the outputs of an example. */
    private Targets targets(int id) {
        return switch (tiny.task) {
            case CLASSIFICATION -> new Targets.Classes(new int[1]);
            case MULTI_LABEL_CLASSIFICATION -> Targets.LabelSets.of();
            case REGRESSION -> new Targets.Numbers(new float[1]);
            case TOKEN_CLASSIFICATION -> {
                int[] classes = new int[examples.get(id).tokens().length];
                Arrays.fill(classes, Targets.NONE);
                IntStream.of(wordStarts(id)).filter(start -> start >= 0).forEach(start -> classes[start] = 0);
                yield new Targets.TokenClasses(classes);
            }
            case LANGUAGE_MODELING -> throw new IllegalStateException("No language model here");
        };
    }
}
