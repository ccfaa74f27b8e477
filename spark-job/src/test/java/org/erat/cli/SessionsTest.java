package org.erat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;

class SessionsTest {
    @Test
    void whatSparkSubmitWasToldStays() {
        SparkConf conf = Sessions.withDefaults(new SparkConf(false)
                .set("spark.master", "yarn")
                .set("spark.task.cpus", "4")
                .set("spark.serializer", "own"));
        assertThat(conf.get("spark.master")).isEqualTo("yarn");
        assertThat(conf.get("spark.serializer")).isEqualTo("own");
        assertThat(conf.get("spark.kryo.registrator"))
                .isEqualTo("org.nd4j.kryo.Nd4jRegistrator,org.erat.data.RecordRegistrator");
        assertThat(conf.get("spark.executorEnv.OMP_NUM_THREADS")).isEqualTo("4");
    }
}
