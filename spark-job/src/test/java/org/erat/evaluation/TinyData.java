package org.erat.evaluation;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.adapter.RowSelection;
import org.erat.data.Sha256;
import org.erat.data.tokenized.Manifest;
import org.erat.data.tokenized.PaddedBatch;
import org.erat.data.tokenized.SplitSummary;
import org.erat.data.tokenized.TaskType;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.export.TrainedAdapter;
import org.erat.model.TinyBaseModel;
import org.erat.network.BatchArrays;
import org.erat.network.EncoderGraph;
import org.erat.network.TinyEncoders;
import org.erat.schedule.Window;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/** Random examples, as a tokenized data set and as mini-batches of one. */
final class TinyData {
    private final TinyEncoders tiny;
    private final Path model;
    private final List<int[]> tokens = new ArrayList<>();
    private final List<int[]> types = new ArrayList<>();
    private final List<Float> labels = new ArrayList<>();

    TinyData(TinyEncoders tiny, Path model, int examples) {
        this.tiny = tiny;
        this.model = model;
        Random random = new Random(11);
        for (int i = 0; i < examples; i++) {
            int length = 2 + random.nextInt(18);
            int[] ids = new int[length];
            int[] segments = new int[length];
            for (int t = 0; t < length; t++) {
                ids[t] = 5 + random.nextInt(TinyBaseModel.VOCABULARY - 5);
                segments[t] = 2 * t < length ? 0 : 1;
            }
            tokens.add(ids);
            types.add(segments);
            labels.add(tiny.regression ? (float) random.nextGaussian() : random.nextInt(tiny.outputs));
        }
    }

    static SparkSession spark() {
        SparkConf conf = new SparkConf(false)
                .setMaster("local[2]")
                .setAppName("evaluation tests")
                .set("spark.serializer", "org.apache.spark.serializer.KryoSerializer")
                .set("spark.kryo.registrator", "org.nd4j.kryo.Nd4jRegistrator,org.erat.data.RecordRegistrator")
                .set("spark.ui.enabled", "false")
                .set("spark.driver.host", "127.0.0.1")
                .set("spark.driver.bindAddress", "127.0.0.1");
        return SparkSession.builder().config(conf).getOrCreate();
    }

    int size() {
        return labels.size();
    }

    float label(int id) {
        return labels.get(id);
    }

    /** Writes the examples as the validation split, in this many files from the last example to the first. */
    TokenizedDataset write(SparkSession spark, TrainedAdapter adapter, Path directory, int files) throws IOException {
        return write(spark, adapter, directory, files, adapter.labelNames(), tokenizerSha256());
    }

    TokenizedDataset write(
            SparkSession spark,
            TrainedAdapter adapter,
            Path directory,
            int files,
            List<String> labelNames,
            String tokenizerSha256)
            throws IOException {
        List<Row> rows = new ArrayList<>();
        for (int id = 0; id < size(); id++) {
            Object label = tiny.regression ? (Object) label(id) : (Object) (int) label(id);
            rows.add(RowFactory.create((long) id, tokens.get(id), types.get(id), label));
        }
        Collections.reverse(rows);
        TaskType type = tiny.regression ? TaskType.REGRESSION : TaskType.CLASSIFICATION;
        spark.createDataFrame(rows, TokenizedDataset.schema(type))
                .repartition(files)
                .write()
                .parquet(directory.resolve("validation").toString());
        SplitSummary summary = new SplitSummary(size(), 0, 20, 0);
        new Manifest(
                        Manifest.VERSION,
                        "tiny",
                        type,
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

    String tokenizerSha256() {
        return Sha256.of(model.resolve("tokenizer.json"));
    }

    /** Outputs of the training graph, softmax and all, for each example alone: [n][C]. */
    float[][] direct(TrainedAdapter adapter, Window rows, double scale) {
        ComputationGraph graph = tiny.graph();
        graph.setParams(Nd4j.createFromArray(adapter.parameters()));
        RowSelection[] byBlock = new RowSelection[adapter.blocks()];
        java.util.Arrays.fill(byBlock, RowSelection.of(rows, scale));
        EncoderGraph.encoder(graph).useRows(byBlock);
        float[][] outputs = new float[size()][];
        for (int id = 0; id < size(); id++) {
            int[] ids = tokens.get(id);
            PaddedBatch one =
                    new PaddedBatch(ids, types.get(id), new int[] {ids.length}, new float[] {0}, new long[] {id});
            MultiDataSet batch = BatchArrays.of(one, tiny.outputs, tiny.regression);
            outputs[id] = graph.output(false, batch.getFeatures(), batch.getFeaturesMaskArrays(), null)[0]
                    .ravel()
                    .toFloatVector();
        }
        EncoderGraph.encoder(graph).close();
        return outputs;
    }
}
