package org.erat.network;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ConcurrentHashMap;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.erat.compute.device.Device;
import org.erat.compute.device.TaskDevice;

/**
 * Graphs that wait in this JVM for the next task of their configuration on their device, with their compiled primitives;
 * their scratch memory serves whichever graph runs. A task sets every value that its result depends on, so which graph it
 * gets changes nothing. Static for the reason that base weights are: Spark gives an executor no other place that outlives
 * a task.
 */
public final class GraphPool {
    private static final ConcurrentHashMap<Kind, Deque<ComputationGraph>> IDLE = new ConcurrentHashMap<>();

    private GraphPool() {}

    /** Graphs that can stand in for one another: the arrays of a graph stay on the device that it was made on. */
    private record Kind(String configuration, Device device) {
        static Kind of(String configuration) {
            return new Kind(configuration, TaskDevice.current());
        }
    }

    /**
     * A graph for one task, whatever values it holds.
     *
     * @param configuration Deeplearning4j's JSON
     */
    public static ComputationGraph take(String configuration) {
        Deque<ComputationGraph> idle = IDLE.computeIfAbsent(Kind.of(configuration), kind -> new ArrayDeque<>());
        synchronized (idle) {
            if (!idle.isEmpty()) {
                return idle.pop();
            }
        }
        ComputationGraph graph = new ComputationGraph(ComputationGraphConfiguration.fromJson(configuration));
        graph.init();
        return graph;
    }

    /** Gives back a graph whose task has succeeded. */
    public static void giveBack(String configuration, ComputationGraph graph) {
        EncoderGraph.encoder(graph).rest();
        Deque<ComputationGraph> idle = IDLE.get(Kind.of(configuration));
        synchronized (idle) {
            idle.push(graph);
        }
    }

    /** Releases the memory of a graph whose task has failed. */
    public static void discard(ComputationGraph graph) {
        EncoderGraph.encoder(graph).close();
    }
}
