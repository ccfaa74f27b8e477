package org.erat.training;

import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;

/** Spark sessions as the job's scripts configure them: Kryo with both registrators, and what rounds are quick with. */
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
        RoundProperties.DEFAULTS.forEach(conf::setIfMissing);
        return SparkSession.builder().config(conf).getOrCreate();
    }

    /** What spark-submit would have arranged from an installation: the class path, and where it would be. */
    static SparkConf executors() {
        return new SparkConf(false)
                .set("spark.executor.extraClassPath", System.getProperty("java.class.path"))
                .set("spark.executor.memory", "1g")
                .set("spark.executorEnv.SPARK_SCALA_VERSION", "2.12")
                .set("spark.executorEnv.OMP_NUM_THREADS", "1")
                .set("spark.executorEnv.RUST_FLAVOR", "cpu")
                .set("spark.executorEnv.SPARK_LOCAL_IP", "127.0.0.1");
    }
}
