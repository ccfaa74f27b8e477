package org.erat.cluster;

import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.yarn.conf.YarnConfiguration;
import org.apache.hadoop.yarn.exceptions.YarnException;
import org.apache.hadoop.yarn.server.MiniYARNCluster;
import org.apache.hadoop.yarn.server.resourcemanager.scheduler.fifo.FifoScheduler;

/** A ResourceManager and NodeManagers. Prints the addresses that clients use when they are up. */
final class YarnMain {
    static final List<String> ADDRESSES = List.of(
            YarnConfiguration.RM_ADDRESS, YarnConfiguration.RM_SCHEDULER_ADDRESS, YarnConfiguration.RM_ADMIN_ADDRESS);

    /** The line of a key has its address after this. */
    static final String IS = " is ";

    private static final int WAIT_MS = 60_000;

    private YarnMain() {}

    public static void main(String[] args) throws InterruptedException, YarnException {
        Configuration conf = new YarnConfiguration();
        Map.of(
                        YarnConfiguration.RM_SCHEDULER,
                        FifoScheduler.class.getName(),
                        YarnConfiguration.RM_SCHEDULER_MINIMUM_ALLOCATION_MB,
                        "256",
                        YarnConfiguration.NM_PMEM_MB,
                        "4096",
                        YarnConfiguration.NM_VCORES,
                        "4",
                        // Java reserves much more than it uses.
                        YarnConfiguration.NM_VMEM_CHECK_ENABLED,
                        "false",
                        YarnConfiguration.NM_MAX_PER_DISK_UTILIZATION_PERCENTAGE,
                        "99.5",
                        // Containers' logs show why a test failed.
                        YarnConfiguration.DEBUG_NM_DELETE_DELAY_SEC,
                        "600")
                .forEach(conf::set);
        MiniYARNCluster yarn = new MiniYARNCluster("yarn", Integer.parseInt(args[0]), 1, 1);
        yarn.init(conf);
        yarn.start();
        if (!yarn.waitForNodeManagersToConnect(WAIT_MS)) {
            throw new IllegalStateException("NodeManagers do not find their ResourceManager");
        }
        ADDRESSES.forEach(key -> System.out.println(key + IS + yarn.getConfig().get(key)));
        // Its threads are daemons.
        Thread.currentThread().join();
    }
}
