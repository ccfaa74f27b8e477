package org.erat.training;

import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;

/** Spark sessions as the job's scripts configure them: Kryo with both registrators. */
final class TestSpark {
    private TestSpark() {}

    static SparkSession open(String master) {
        return open(master, new SparkConf(false));
    }

    static SparkSession open(String master, SparkConf conf) {
        conf.setMaster(master)
                .setAppName("test on " + master)
                .set("spark.serializer", "org.apache.spark.serializer.KryoSerializer")
                .set("spark.kryo.registrator", "org.nd4j.kryo.Nd4jRegistrator,org.erat.data.RecordRegistrator")
                .set("spark.ui.enabled", "false")
                .set("spark.driver.host", "127.0.0.1")
                .set("spark.driver.bindAddress", "127.0.0.1")
                .set("spark.sql.shuffle.partitions", "2");
        return SparkSession.builder().config(conf).getOrCreate();
    }
}
