package org.erat.cli;

import java.util.List;
import java.util.Map;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.SparkSession;
import org.erat.monitoring.MetricsPlugin;
import org.erat.training.round.RoundProperties;
import scala.Tuple2;

/** Starts Spark for a command, with what this job needs where spark-submit was not told otherwise. */
final class Sessions {
    private static final String PLUGINS = "spark.plugins";

    private Sessions() {}

    /**
     * A session for one command; closing it ends the Spark application.
     *
     * @param name name of the application in Spark's UI
     */
    static SparkSession open(String name) {
        SparkConf conf = withDefaults(new SparkConf());
        conf.setAppName(name);
        return SparkSession.builder().config(conf).getOrCreate();
    }

    /** A session in this process, whatever the master: for a look at what is there. */
    static SparkSession openHere(String name) {
        SparkConf conf = withDefaults(new SparkConf())
                .setAppName(name)
                .setMaster("local[1]")
                .set("spark.submit.deployMode", "client")
                .set("spark.dynamicAllocation.enabled", "false");
        // One core of this machine is not what tasks ask for.
        conf.remove("spark.task.cpus");
        for (String devices : List.of("spark.task.resource.", "spark.executor.resource.")) {
            for (Tuple2<String, String> property : conf.getAllWithPrefix(devices)) {
                conf.remove(devices + property._1());
            }
        }
        // A session builder would read what was just removed again, from the system properties that spark-submit sets.
        SparkContext.getOrCreate(conf);
        return SparkSession.builder().getOrCreate();
    }

    static SparkConf withDefaults(SparkConf conf) {
        // A notebook or a plain java command has no master.
        conf.setIfMissing("spark.master", "local[*]");
        Map<String, String> defaults = Map.of(
                "spark.serializer", "org.apache.spark.serializer.KryoSerializer",
                "spark.kryo.registrator", "org.nd4j.kryo.Nd4jRegistrator,org.erat.data.RecordRegistrator",
                // A task's mathematics uses the cores that Spark gave it, and no more.
                "spark.executorEnv.OMP_NUM_THREADS", conf.get("spark.task.cpus", "1"),
                // Keeps the tokenizer from looking for a CUDA build of itself.
                "spark.executorEnv.RUST_FLAVOR", "cpu",
                // Names of files keep letters beyond ASCII.
                "spark.executorEnv.LC_ALL", "C.UTF-8",
                // CUDA numbers GPUs as the driver does, whose numbers are Spark's addresses.
                "spark.executorEnv.CUDA_DEVICE_ORDER", "PCI_BUS_ID");
        defaults.forEach(conf::setIfMissing);
        String plugins = conf.get(PLUGINS, "");
        if (!List.of(plugins.split(",", -1)).contains(MetricsPlugin.class.getName())) {
            conf.set(PLUGINS, (plugins.isEmpty() ? "" : plugins + ",") + MetricsPlugin.class.getName());
        }
        RoundProperties.DEFAULTS.forEach(conf::setIfMissing);
        return conf;
    }
}
