package org.erat.compute.device;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.erat.data.UsageException;

/** Which task of this process holds which GPU: one device, one task. */
final class DeviceLeases {
    private final ConcurrentMap<Integer, Long> holders = new ConcurrentHashMap<>();

    /**
     * Takes a GPU for a task.
     *
     * @throws UsageException if another task holds it
     */
    void take(int ordinal, long task) {
        Long holder = holders.putIfAbsent(ordinal, task);
        if (holder != null && holder != task) {
            throw new UsageException(
                    "Tasks " + holder + " and " + task + " were assigned the same GPU, number " + ordinal
                            + " of this executor. A GPU serves one task at a time: set spark.task.resource.gpu.amount"
                            + " to 1.");
        }
    }

    /** Gives back what a task has taken, if anything. */
    void giveBack(long task) {
        holders.values().removeIf(holder -> holder == task);
    }
}
