package org.erat.export;

import java.net.URI;
import java.util.List;
import org.apache.hadoop.fs.Path;
import org.erat.adapter.AdapterLayout;
import org.erat.data.tokenized.Manifest;
import org.erat.data.tokenized.TaskType;
import org.erat.network.EncoderSpec;

/**
 * What a run has trained, and all that is needed to use it: H is the width of the model, C the number of outputs.
 *
 * @param spec base model, adapted projections, largest rank and scale
 * @param task name of the task
 * @param type what the outputs are
 * @param labelNames names of the C classes, in the order of the outputs; empty for a regression, where C is 1
 * @param metrics names of the metrics that the task is judged by, the first being the one to rank by
 * @param parameters all parameters of the graph: the adapters in the order of {@link AdapterLayout}, then the head: dense
 *     weight [H,H] row-major as [out,in], dense bias [H], output weight [C,H], output bias [C]
 */
public record TrainedAdapter(
        EncoderSpec spec,
        String task,
        TaskType type,
        List<String> labelNames,
        List<String> metrics,
        float[] parameters) {

    public TrainedAdapter {
        labelNames = List.copyOf(labelNames);
        metrics = List.copyOf(metrics);
        long expected = spec.layout().length()
                + HeadShape.of(spec, outputs(type, labelNames)).length();
        if (parameters.length != expected) {
            throw new IllegalArgumentException(
                    parameters.length + " parameters where adapters and head have " + expected);
        }
    }

    /**
     * The adapter of a run on a data set.
     *
     * @param parameters of the run's graph, {@code ComputationGraph.params()}
     */
    public static TrainedAdapter of(EncoderSpec spec, Manifest data, float[] parameters) {
        return new TrainedAdapter(spec, data.task(), data.type(), data.labelNames(), data.metrics(), parameters);
    }

    /**
     * The base model as Python's libraries take it: a folder of this machine by its plain path, which {@code file:/...}
     * is not to them, and any other address as it is.
     */
    public String baseModelName() {
        URI address = new Path(spec.modelUri()).toUri();
        return "file".equals(address.getScheme()) ? address.getPath() : spec.modelUri();
    }

    /** C: the number of classes, or 1 for a regression. */
    public int outputs() {
        return outputs(type, labelNames);
    }

    /** R, the largest rank. */
    public int rank() {
        return spec.schedule().rank();
    }

    /** L, the number of blocks. */
    public int blocks() {
        return spec.model().numHiddenLayers();
    }

    HeadShape head() {
        return HeadShape.of(spec, outputs());
    }

    private static int outputs(TaskType type, List<String> labelNames) {
        return type == TaskType.REGRESSION ? 1 : labelNames.size();
    }
}
