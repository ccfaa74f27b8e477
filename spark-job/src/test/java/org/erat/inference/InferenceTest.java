package org.erat.inference;

import java.nio.file.Path;
import org.apache.spark.sql.SparkSession;
import org.erat.config.ComputeSettings.DeviceChoice;
import org.erat.config.Precision;
import org.erat.dl4j.TinyLearners;
import org.erat.export.TrainedAdapter;
import org.erat.model.TinyBaseModel;
import org.erat.training.TestSpark;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A test of inference in Spark: a session for the class, a base model for each method. */
public abstract class InferenceTest {
    protected static SparkSession spark;

    @TempDir
    protected Path folder;

    protected TinyLearners tiny;

    @BeforeAll
    static void open() {
        spark = TestSpark.open("local[2]");
    }

    @AfterAll
    static void close() {
        spark.stop();
    }

    @BeforeEach
    void model() {
        tiny = new TinyLearners(TinyBaseModel.write(folder.resolve("model"), TinyBaseModel.bert(2)))
                .on(DeviceChoice.ND4J, Precision.F32);
    }

    protected TinyData data(int examples) {
        return new TinyData(tiny, folder.resolve("model"), examples);
    }

    /** An adapter in use on the base model that it was trained on. */
    protected AdapterUse use(TrainedAdapter adapter, int batchSize) {
        return new AdapterUse(adapter, adapter.base().name(), tiny.compute(), batchSize);
    }
}
