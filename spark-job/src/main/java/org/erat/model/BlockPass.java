package org.erat.model;

import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import javax.annotation.Nullable;
import org.erat.adapter.Adapters;
import org.erat.adapter.LowRankAdapter;
import org.erat.compute.Attention.Attended;
import org.erat.compute.Attention.Shape;
import org.erat.compute.Kernels;
import org.erat.compute.Norms.NormState;
import org.erat.compute.Tensor;
import org.erat.data.architecture.Projection;

/**
 * One pass through one block: its adapters, and what its backward pass needs. Tensors that are saved stay until the pass
 * is closed; {@link #release} closes the others as soon as the forward pass is done with them.
 */
final class BlockPass implements AutoCloseable {
    private final int block;

    @Nullable
    private final Adapters adapters;

    private final Shape shape;
    private final boolean keeps;

    /** Of a pass that generates. */
    @Nullable
    private final KeyValueCache cache;

    /** Whether the pass is of the newest token of each sequence alone, and not of whole examples. */
    private final boolean decodes;

    private final Map<Projection, LowRankAdapter> byProjection = new EnumMap<>(Projection.class);
    private final Set<Tensor> saved = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Map<AdaptedLinear, Tensor> inputs = new HashMap<>();
    private final Map<Norm, NormState> norms = new HashMap<>();

    /** The frozen part of query, key and value where it was computed before, [N,(A+2K)·D]; owned by the pass. */
    @Nullable
    Tensor projected;

    /** Query, key and value as the attention reads them, with their adapters, norms and positions, [N,(A+2K)·D]. */
    Tensor queryKeyValue;

    /** Of whole examples. */
    Attended attended;

    /** What the feed-forward part makes of its input by its intermediate map, before any activation, [N,F]. */
    Tensor inner;

    /** The same by its gate, [N,F]. */
    Tensor gate;

    /** @param keeps whether a backward pass follows */
    BlockPass(Kernels kernels, int block, Adapters adapters, Shape shape, boolean keeps) {
        this(kernels, block, adapters, shape, keeps, null, false);
    }

    /** A pass of whole prompts, whose keys and values a cache keeps. */
    static BlockPass prefill(Kernels kernels, int block, Adapters adapters, Shape shape, KeyValueCache cache) {
        return new BlockPass(kernels, block, adapters, shape, false, cache, false);
    }

    /** A pass of the newest token of each sequence. */
    static BlockPass decode(Kernels kernels, int block, Adapters adapters, KeyValueCache cache) {
        return new BlockPass(kernels, block, adapters, cache.shape(block), false, cache, true);
    }

    private BlockPass(
            Kernels kernels,
            int block,
            Adapters adapters,
            Shape shape,
            boolean keeps,
            @Nullable KeyValueCache cache,
            boolean decodes) {
        this.block = block;
        this.adapters = adapters;
        this.shape = shape;
        this.keeps = keeps;
        this.cache = cache;
        this.decodes = decodes;
        for (Projection projection : adapters.layout().projections()) {
            LowRankAdapter adapter = adapters.on(kernels, block, projection, decodes ? 1 : shape.tokens());
            if (adapter != null) {
                byProjection.put(projection, adapter);
            }
        }
    }

    private BlockPass(Shape shape, boolean keeps) {
        this.block = -1;
        this.adapters = null;
        this.shape = shape;
        this.keeps = keeps;
        this.cache = null;
        this.decodes = false;
    }

    /** A pass through what comes after the last block, where nothing is adapted. */
    static BlockPass afterTheBlocks(Shape shape, boolean keeps) {
        return new BlockPass(shape, keeps);
    }

    Shape shape() {
        return shape;
    }

    int block() {
        return block;
    }

    @Nullable
    KeyValueCache cache() {
        return cache;
    }

    boolean decodes() {
        return decodes;
    }

    /** The position of each row's token in its example, padding counted. */
    int[] positions() {
        if (decodes) {
            return cache.positions();
        }
        int[] positions = new int[Math.toIntExact(shape.rows())];
        for (int i = 0; i < positions.length; i++) {
            positions[i] = i % shape.tokens();
        }
        return positions;
    }

    boolean keeps() {
        return keeps;
    }

    @Nullable
    LowRankAdapter adapter(Projection projection) {
        return byProjection.get(projection);
    }

    LowRankAdapter.Gradient gradient(Projection projection, Gradients gradients) {
        return adapters.gradient(block, projection, gradients.values(), gradients.freezeA());
    }

    /** Keeps a tensor for the backward pass, if one follows. */
    void save(Tensor tensor) {
        if (keeps) {
            saved.add(tensor);
        }
    }

    /** Closes a tensor that the forward pass is done with, unless it is saved. */
    void release(Tensor tensor) {
        if (!saved.contains(tensor)) {
            tensor.close();
        }
    }

    void saveInput(AdaptedLinear map, Tensor x) {
        save(x);
        inputs.put(map, x);
    }

    Tensor input(AdaptedLinear map) {
        return inputs.get(map);
    }

    void saveState(Norm norm, NormState state) {
        save(state.input());
        if (state.mean() != null) {
            save(state.mean());
        }
        save(state.rstd());
        norms.put(norm, state);
    }

    NormState state(Norm norm) {
        return norms.get(norm);
    }

    @Override
    public void close() {
        byProjection.values().forEach(LowRankAdapter::close);
        saved.forEach(Tensor::close);
        saved.clear();
    }
}
