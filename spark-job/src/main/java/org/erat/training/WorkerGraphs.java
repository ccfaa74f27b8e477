package org.erat.training;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ConcurrentHashMap;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;

/**
 * Graphs that wait in this JVM for the next round. Every value in a graph that a round depends on is set at its start,
 * so which of them a task gets changes nothing. Static for the reason that base weights are: nothing else outlives a
 * task.
 */
final class WorkerGraphs {
    private static final ConcurrentHashMap<String, Deque<ComputationGraph>> IDLE = new ConcurrentHashMap<>();

    private WorkerGraphs() {}

    /** A graph of this configuration, for one task. */
    static ComputationGraph take(String configuration) {
        Deque<ComputationGraph> idle = IDLE.computeIfAbsent(configuration, key -> new ArrayDeque<>());
        synchronized (idle) {
            if (!idle.isEmpty()) {
                return idle.pop();
            }
        }
        ComputationGraph graph = new ComputationGraph(ComputationGraphConfiguration.fromJson(configuration));
        graph.init();
        return graph;
    }

    /** Gives a graph back; one whose task failed is not given back. */
    static void giveBack(String configuration, ComputationGraph graph) {
        Deque<ComputationGraph> idle = IDLE.get(configuration);
        synchronized (idle) {
            idle.push(graph);
        }
    }
}
