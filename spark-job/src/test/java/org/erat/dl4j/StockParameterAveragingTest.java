package org.erat.dl4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.serializer.KryoSerializer;
import org.apache.spark.serializer.SerializerInstance;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.spark.api.RDDTrainingApproach;
import org.deeplearning4j.spark.api.Repartition;
import org.deeplearning4j.spark.impl.graph.SparkComputationGraph;
import org.deeplearning4j.spark.impl.paramavg.ParameterAveragingTrainingMaster;
import org.erat.config.ComputeSettings.DeviceChoice;
import org.erat.config.Precision;
import org.erat.config.TrainingSettings.Optimizer;
import org.erat.model.TinyBaseModel;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;

/**
 * The integration is real: dl4j-spark's own training master, which knows nothing of adapters, trains the graph. (It starts
 * its iteration count anew in each round, so windows and learning rate are constant here.)
 */
class StockParameterAveragingTest {
    @TempDir
    private static Path folder;

    private static JavaSparkContext context;

    @BeforeAll
    static void startSpark() {
        context = new JavaSparkContext(new SparkConf()
                .setMaster("local[2]")
                .setAppName("stock parameter averaging")
                .set("spark.ui.enabled", "false")
                .set("spark.serializer", "org.apache.spark.serializer.KryoSerializer")
                .set("spark.kryo.registrator", "org.nd4j.kryo.Nd4jRegistrator"));
    }

    @AfterAll
    static void stopSpark() {
        context.close();
    }

    private static TinyLearners learners(Optimizer optimizer) {
        TinyLearners tiny = new TinyLearners(TinyBaseModel.write(folder, TinyBaseModel.bert(2)))
                .on(DeviceChoice.CPU, Precision.F32);
        tiny.optimizer = optimizer;
        tiny.minRank = tiny.rank;
        tiny.learningRate = 0.02;
        return tiny;
    }

    /** Two workers, two steps between averagings. */
    @ParameterizedTest
    @EnumSource(
            value = Optimizer.class,
            names = {"ADAMW_ROW_LAZY", "ADAMW_DENSE"})
    void lossFallsAndParametersChange(Optimizer optimizer) {
        TinyLearners tiny = learners(optimizer);
        List<MultiDataSet> batches = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            batches.add(tiny.data(i / 4, 6, 4, 5, 3));
        }
        ComputationGraph graph = tiny.graph();
        INDArray before = graph.params().dup();
        double lossBefore = loss(graph, batches);
        SparkComputationGraph onSpark = new SparkComputationGraph(context, graph, master(2, 2));
        JavaRDD<MultiDataSet> data = context.parallelize(batches, 2);

        for (int epoch = 0; epoch < 3; epoch++) {
            onSpark.fitMultiDataSet(data);
        }

        ComputationGraph trained = onSpark.getNetwork();
        assertThat(loss(trained, batches)).isLessThan(0.9 * lossBefore);
        assertThat(LearnerGraph.transformer(trained).params())
                .isNotEqualTo(LearnerGraph.transformer(tiny.graph()).params());
        assertThat(trained.params()).isNotEqualTo(before);
    }

    /** The average of one worker is what it trained: nothing is lost on the way through Kryo, broadcast and updater. */
    @Test
    void oneWorkerEqualsPlainTraining() {
        TinyLearners tiny = learners(Optimizer.ADAMW_ROW_LAZY);
        // The same one twice: the order of mini-batches is dl4j-spark's own.
        MultiDataSet batch = tiny.data(1, 6, 4, 5, 3);
        List<MultiDataSet> batches = List.of(batch, batch);
        ComputationGraph graph = tiny.graph();
        new SparkComputationGraph(context, graph, master(1, 1)).fitMultiDataSet(context.parallelize(batches, 1));

        ComputationGraph plain = tiny.graph();
        batches.forEach(plain::fit);

        // ND4J calls arrays equal that differ by less than 1e-5.
        assertThat(graph.params().toDoubleVector())
                .containsExactly(plain.params().toDoubleVector());
        assertThat(graph.getUpdater().getStateViewArray().toDoubleVector())
                .containsExactly(plain.getUpdater().getStateViewArray().toDoubleVector());
    }

    /** As the stock master broadcasts it to other processes; within one process nothing is written out. */
    @Test
    void aGraphsConfigurationTravelsByKryo() {
        TinyLearners tiny = learners(Optimizer.ADAMW_ROW_LAZY);
        tiny.weightDecay = 0.01;
        ComputationGraphConfiguration configuration = tiny.graph().getConfiguration();
        SerializerInstance kryo = new KryoSerializer(new SparkConf()
                        .set("spark.kryo.registrator", "org.nd4j.kryo.Nd4jRegistrator,org.erat.data.RecordRegistrator"))
                .newInstance();
        ClassTag<ComputationGraphConfiguration> tag = ClassTag$.MODULE$.apply(ComputationGraphConfiguration.class);

        ComputationGraphConfiguration received = kryo.deserialize(kryo.serialize(configuration, tag), tag);

        assertThat(received.toJson()).isEqualTo(configuration.toJson());
    }

    private static ParameterAveragingTrainingMaster master(int workers, int averagingFrequency) {
        return new ParameterAveragingTrainingMaster.Builder(workers, 4)
                .batchSizePerWorker(4)
                .workerPrefetchNumBatches(0)
                .averagingFrequency(averagingFrequency)
                .saveUpdater(true)
                .rddTrainingApproach(RDDTrainingApproach.Direct)
                .repartionData(Repartition.Never)
                .build();
    }

    private static double loss(ComputationGraph graph, List<MultiDataSet> batches) {
        return batches.stream().mapToDouble(graph::score).average().orElseThrow();
    }
}
