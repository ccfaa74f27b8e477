package org.erat.training;

import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;
import org.erat.training.round.RoundProperties;

/** Spark sessions as the job's scripts configure them: Kryo with both registrators, and what rounds are quick with. */
public final class TestSpark {
    private TestSpark() {}

    public static SparkSession open(String master) {
        return open(master, new SparkConf(false));
    }

    public static SparkSession open(String master, SparkConf conf) {
        return SparkSession.builder().config(configured(master, conf)).getOrCreate();
    }

    /** A configuration with what every session has, where it does not say otherwise itself. */
    public static SparkConf configured(String master, SparkConf conf) {
        conf.setMaster(master)
                .setIfMissing("spark.app.name", "test on " + master)
                .set("spark.serializer", "org.apache.spark.serializer.KryoSerializer")
                .set("spark.kryo.registrator", "org.nd4j.kryo.Nd4jRegistrator,org.erat.data.RecordRegistrator")
                .setIfMissing("spark.ui.enabled", "false")
                .set("spark.driver.host", "127.0.0.1")
                .set("spark.driver.bindAddress", "127.0.0.1")
                .set("spark.sql.shuffle.partitions", "2");
        RoundProperties.DEFAULTS.forEach(conf::setIfMissing);
        return conf;
    }

    /** What spark-submit would have arranged from an installation: the class path, and where it would be. */
    public static SparkConf executors() {
        return new SparkConf(false)
                .set("spark.executor.extraClassPath", System.getProperty("java.class.path"))
                .set("spark.executor.memory", "1g")
                .set("spark.executorEnv.SPARK_SCALA_VERSION", "2.12")
                .set("spark.executorEnv.OMP_NUM_THREADS", "1")
                .set("spark.executorEnv.RUST_FLAVOR", "cpu")
                .set("spark.executorEnv.SPARK_LOCAL_IP", "127.0.0.1");
    }
}
