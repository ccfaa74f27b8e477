package org.erat.faults;

import org.apache.spark.SparkConf;
import org.apache.spark.TaskContext;
import org.apache.spark.serializer.KryoSerializer;
import org.apache.spark.serializer.SerializerInstance;

/** Kryo as the job uses it, but in two rounds the first three attempts of shard 1's task can write no result. */
public final class FailingSerializer extends KryoSerializer {
    static final int FAILURES = 3;
    static final String MESSAGE = "this attempt fails as the test wants it to";

    public FailingSerializer(SparkConf conf) {
        super(conf);
    }

    @Override
    public SerializerInstance newInstance() {
        TaskContext task = TaskContext.get();
        if (task != null && task.partitionId() == 1 && task.attemptNumber() < FAILURES) {
            String job = String.valueOf(task.getLocalProperty("spark.job.description"));
            if (job.startsWith("round 7 of") || job.startsWith("round 23 of")) {
                throw new IllegalStateException(MESSAGE);
            }
        }
        return super.newInstance();
    }
}
