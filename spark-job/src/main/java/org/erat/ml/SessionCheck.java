package org.erat.ml;

import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.serializer.KryoSerializer;
import org.erat.data.UsageException;

/** What a session of the caller's has to have, since it cannot be changed once it runs. */
final class SessionCheck {
    private static final String REGISTRATOR = "spark.kryo.registrator";

    /** What lets Kryo carry arrays of ND4J, and records. */
    private static final List<String> REGISTRATORS =
            List.of("org.nd4j.kryo.Nd4jRegistrator", "org.erat.data.RecordRegistrator");

    private SessionCheck() {}

    /**
     * Checks the configuration of a session. Java's serializer, which is Spark's default, needs nothing.
     *
     * @throws UsageException naming what is missing
     */
    static void require(SparkConf conf) {
        if (!conf.get("spark.serializer", "").equals(KryoSerializer.class.getName())) {
            return;
        }
        List<String> there = List.of(conf.get(REGISTRATOR, "").split(",", -1));
        if (!there.stream().map(String::strip).toList().containsAll(REGISTRATORS)) {
            throw new UsageException("This session serializes with Kryo, and " + REGISTRATOR + " is '"
                    + conf.get(REGISTRATOR, "") + "'. Add " + String.join(",", REGISTRATORS)
                    + " to it before the session starts.");
        }
    }
}
