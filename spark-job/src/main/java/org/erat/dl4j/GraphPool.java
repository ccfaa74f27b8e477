package org.erat.dl4j;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.compute.device.Device;
import org.erat.compute.device.TaskDevice;

/**
 * Graphs that wait in this JVM for the next task of their configuration on their device. A task sets every value that its
 * result depends on, so which graph it gets changes nothing. The JVM keeps the {@link #MOST_IDLE} that were used last.
 */
final class GraphPool {
    /** As many as can run at a time. */
    static final int MOST_IDLE = Runtime.getRuntime().availableProcessors();

    // Spark gives an executor no other place that outlives a task. The last one used is first.
    private static final Deque<Idle> IDLE = new ArrayDeque<>();

    private GraphPool() {}

    /** A graph's arrays stay on the device that it was made on. */
    private record Idle(String configuration, Device device, ComputationGraph graph) {}

    /**
     * A graph for one task, whatever values it holds.
     *
     * @param configuration Deeplearning4j's JSON
     */
    static ComputationGraph acquire(String configuration) {
        Device device = TaskDevice.current();
        synchronized (IDLE) {
            for (Iterator<Idle> waiting = IDLE.iterator(); waiting.hasNext(); ) {
                Idle idle = waiting.next();
                if (idle.configuration().equals(configuration) && idle.device().equals(device)) {
                    waiting.remove();
                    return idle.graph();
                }
            }
        }
        return LearnerGraph.create(configuration);
    }

    /** Returns a graph whose task has succeeded. */
    static void release(String configuration, ComputationGraph graph) {
        LearnerGraph.release(graph);
        synchronized (IDLE) {
            IDLE.push(new Idle(configuration, TaskDevice.current(), graph));
            if (IDLE.size() > MOST_IDLE) {
                IDLE.removeLast();
            }
        }
    }

    /** Frees what a graph computes with whose task has failed. */
    static void discard(ComputationGraph graph) {
        LearnerGraph.release(graph);
    }
}
