package org.erat.export;

import java.io.Serializable;
import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.annotation.Nullable;
import org.apache.hadoop.conf.Configuration;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.AdapterSpec;
import org.erat.adapter.CanonicalOrder;
import org.erat.adapter.RankScale;
import org.erat.adapter.RowMoments;
import org.erat.config.RowOrder;
import org.erat.config.ScheduleConfig;
import org.erat.data.BadInputException;
import org.erat.data.UsageException;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Families;
import org.erat.data.architecture.Family;
import org.erat.data.safetensors.FloatTensor;
import org.erat.data.tokenized.Manifest;
import org.erat.data.tokenized.TaskType;
import org.erat.head.HeadLayout;
import org.erat.head.HeadSpec;
import org.erat.learner.LearnerSpec;
import org.erat.model.BaseModel;
import org.erat.model.BaseModelReference;

/**
 * What a run has trained, and all that is needed to use it. What a run chose to compute with, and where the base model lies
 * now, are not part of it.
 *
 * @param base the base model
 * @param architecture of the base model
 * @param adapter the low-rank matrices
 * @param head the task head
 * @param task name of the task
 * @param type what the outputs are
 * @param labelNames names of the C classes, in the order of the outputs; empty for a regression, where C is 1
 * @param metrics names of the metrics that the task is judged by, the first being the one to rank by
 * @param parameters the adapters in the order of {@link AdapterLayout}, then the head in the order of {@link
 *     org.erat.head.HeadLayout}
 * @param rowMoments of the adapters' inner activations over training examples; null of adapters of earlier programs
 */
public record TrainedAdapter(
        BaseModelReference base,
        Architecture architecture,
        AdapterSpec adapter,
        HeadSpec head,
        String task,
        TaskType type,
        List<String> labelNames,
        List<String> metrics,
        float[] parameters,
        @Nullable RowMoments rowMoments)
        implements Serializable {
    public TrainedAdapter {
        labelNames = List.copyOf(labelNames);
        metrics = List.copyOf(metrics);
        long expected = adapter.layout(architecture).length() + head.layout().length();
        if (parameters.length != expected) {
            throw new IllegalArgumentException(
                    parameters.length + " parameters where adapters and head have " + expected);
        }
    }

    /** An adapter of whose inner activations nothing is known. */
    public TrainedAdapter(
            BaseModelReference base,
            Architecture architecture,
            AdapterSpec adapter,
            HeadSpec head,
            String task,
            TaskType type,
            List<String> labelNames,
            List<String> metrics,
            float[] parameters) {
        this(base, architecture, adapter, head, task, type, labelNames, metrics, parameters, null);
    }

    /**
     * The adapter of a run on a data set.
     *
     * @param parameters all parameters of the run
     */
    public static TrainedAdapter of(LearnerSpec spec, Manifest data, float[] parameters) {
        return new TrainedAdapter(
                new BaseModelReference(spec.modelUri(), spec.modelSha256()),
                spec.architecture(),
                spec.adapter(),
                spec.head(),
                data.task(),
                data.type(),
                data.labelNames(),
                data.metrics(),
                parameters);
    }

    /**
     * The same adapter, its base model being where it is now.
     *
     * @throws BadInputException if that is another base model
     */
    public TrainedAdapter on(BaseModel model) {
        if (!model.weightsSha256().equals(base.sha256())) {
            throw new BadInputException(model.uri() + ": SHA-256 of its weights is " + model.weightsSha256()
                    + ", but the adapter was trained on " + base.sha256()
                    + ". Name the directory of that base model with --model.");
        }
        List<String> differences = model.architecture().differences(architecture);
        if (!differences.isEmpty()) {
            throw new BadInputException(
                    model.uri() + "/config.json describes another model than the one that the adapter"
                            + " was trained on: " + String.join(", ", differences)
                            + ". Name the directory of that base model with --model.");
        }
        return with(new BaseModelReference(model.uri(), base.sha256()), adapter, parameters, rowMoments);
    }

    /**
     * The same adapter with its rows in an order; with all rows it computes the same in any.
     *
     * @throws UsageException if the order needs moments and there are none
     */
    public TrainedAdapter inOrder(RowOrder order) {
        return order == RowOrder.TRAINED ? this : reordered(rows(order));
    }

    /** All rows in an order other than the trained one, with what each contributes. */
    CanonicalOrder rows(RowOrder order) {
        return order == RowOrder.DATA_AWARE
                ? CanonicalOrder.of(layout(), parameters, requireMoments())
                : CanonicalOrder.of(layout(), parameters);
    }

    private RowMoments requireMoments() {
        return moments()
                .orElseThrow(() -> new UsageException("The adapter was trained by a program that did not measure how"
                        + " its rows are used, so it has no data-aware order. Use the canonical one, or train again."));
    }

    /** Moments of the adapters' inner activations, if they were measured. */
    public Optional<RowMoments> moments() {
        return Optional.ofNullable(rowMoments);
    }

    /** The same adapter, with the second moments of its inner activations. */
    public TrainedAdapter with(RowMoments measured) {
        return with(base, adapter, parameters, measured);
    }

    /** Every rank with the scale of all rows. */
    TrainedAdapter reordered(CanonicalOrder order) {
        float[] reordered = parameters.clone();
        System.arraycopy(order.values(), 0, reordered, 0, order.values().length);
        double alpha = adapter.scale().of(rank()) * rank();
        AdapterSpec atOneScale = new AdapterSpec(
                adapter.projections(),
                new RankScale(ScheduleConfig.Scale.ALPHA_OVER_RANK, alpha, rank()),
                adapter.dropout(),
                adapter.freezeA());
        return with(base, atOneScale, reordered, null);
    }

    private TrainedAdapter with(
            BaseModelReference model, AdapterSpec spec, float[] values, @Nullable RowMoments measured) {
        return new TrainedAdapter(model, architecture, spec, head, task, type, labelNames, metrics, values, measured);
    }

    /** What Python's libraries are told to load the base model from: its name, or where it lies. */
    public String nameOfBase(Configuration hadoop) {
        return BaseModel.source(base.name(), hadoop).orElse(base.plainName());
    }

    /** C: the number of classes, or 1 for a regression. */
    public int outputs() {
        return head.outputs();
    }

    /** R, the largest rank. */
    public int rank() {
        return adapter.rank();
    }

    /** L, the number of blocks. */
    public int blocks() {
        return architecture.blocks();
    }

    /**
     * Checks that the adapter has a rank.
     *
     * @throws UsageException if it has not
     */
    public void requireRank(int rank) {
        if (rank < 1 || rank > rank()) {
            throw new UsageException("Rank " + rank + " is not in 1.." + rank() + ", the ranks that the adapter has.");
        }
    }

    /** The layout of the adapters. */
    public AdapterLayout layout() {
        return adapter.layout(architecture);
    }

    Family family() {
        return Families.of(architecture);
    }

    /** The class of the transformers library that an export is made for. */
    ModelClass modelClass() {
        return ModelClass.of(type, head.layers(), architecture);
    }

    /** The name of an adapted projection in a model of {@link #modelClass}; {@link AdaptedModule} has its module. */
    String nameOf(AdapterLayout.Slot slot) {
        return inModelClass(family().projection(slot.block(), slot.projection()));
    }

    /** What a path of the bare model is in a model of {@link #modelClass}. */
    String inModelClass(String path) {
        return modelClass() == ModelClass.MODEL ? path : family().prefixInModelWithHead() + path;
    }

    /** Index of the head's first value among the parameters. */
    int headOffset() {
        return Math.toIntExact(layout().length());
    }

    /** The arrays of the head by their names in {@link #modelClass}, [out,in] or [out]. */
    Map<String, FloatTensor> headTensors() {
        Map<String, FloatTensor> tensors = new LinkedHashMap<>();
        for (HeadLayout.Array array : head.layout().arrays()) {
            FloatBuffer values = FloatBuffer.wrap(parameters, headOffset() + array.offset(), array.length());
            tensors.put(array.name(), new FloatTensor(array.shape(), values.slice()));
        }
        return tensors;
    }
}
