package org.erat.evaluation;

import java.nio.file.Path;
import org.apache.spark.sql.SparkSession;
import org.erat.model.TinyBaseModel;
import org.erat.network.TinyEncoders;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;

/** A test of inference in Spark: a session for the class, a base model for each method. */
abstract class InferenceTest {
    static SparkSession spark;

    @TempDir
    Path folder;

    TinyEncoders tiny;

    @BeforeAll
    static void open() {
        spark = TinyData.spark();
    }

    @AfterAll
    static void close() {
        spark.stop();
    }

    @BeforeEach
    void model() {
        tiny = new TinyEncoders(TinyBaseModel.write(folder.resolve("model"), TinyBaseModel.bert(2)));
        tiny.dataType = DataType.FLOAT;
    }

    TinyData data(int examples) {
        return new TinyData(tiny, folder.resolve("model"), examples);
    }
}
