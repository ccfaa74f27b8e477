package org.erat.compute.onednn;

import static org.bytedeco.dnnl.global.dnnl.*;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.bytedeco.dnnl.dnnl_stream;
import org.erat.compute.FrozenLinear;
import org.erat.compute.FrozenValues;
import org.erat.compute.memory.FrozenMemory;
import org.erat.config.ComputeSettings.Weights;
import org.erat.data.safetensors.Dtype;

/**
 * W [O,I] and b [O]. Packed, the weights of each direction lie as oneDNN's product wants them; a direction is packed at
 * its first use, once for all tasks of the JVM, so a job that only runs forward holds one copy. Plain, they lie row by row
 * and both directions read the same copy, in f32 and of one part the mapped file itself.
 */
final class FrozenWeight implements FrozenLinear {
    /**
     * The layout may depend on the number of rows, which differs from batch to batch. It is chosen for this number and
     * kept for all: on the widths of BERT the choice was found to be the same from 4 to 4096 rows, and the speed for one
     * row, where it differs, not to suffer.
     */
    private static final long REPRESENTATIVE_ROWS = 512;

    /** One direction: maps [N, from] to [N, to]. */
    record Packed(long from, long to, HostBlock memory, dnnl_memory_desc layout) {}

    private final long in;
    private final long out;
    private final Dtype dtype;
    private final Weights order;
    private final HostBlock bias;

    /** Of what was packed so far. */
    private final List<FrozenMemory> owned = new ArrayList<>();

    private List<FrozenValues> weights;
    private Packed forward;
    private Packed backward;
    private boolean closed;

    /** @param order how the weights lie in memory */
    FrozenWeight(List<FrozenValues> weights, FloatBuffer[] biases, int[] outs, int in, Dtype dtype, Weights order) {
        this.in = in;
        this.dtype = dtype;
        this.order = order;
        this.weights = List.copyOf(weights);
        this.out = IntStream.of(outs).sum();
        this.bias = HostBlock.allocate(Float.BYTES * out);
        HostBlock allocated = bias;
        owned.add(new FrozenMemory(allocated::free));
        int at = 0;
        for (FloatBuffer part : biases) {
            bias.floats().put(at, part, part.position(), part.remaining());
            at += part.remaining();
        }
    }

    /** A map of this backend. */
    static FrozenWeight of(FrozenLinear map) {
        if (map instanceof FrozenWeight own) {
            return own;
        }
        throw new IllegalArgumentException(
                "linear map of another backend: " + map.getClass().getSimpleName());
    }

    @Override
    public long in() {
        return in;
    }

    @Override
    public long out() {
        return out;
    }

    /** How the weights lie in memory. */
    Weights order() {
        return order;
    }

    /** Dtype of the weights. */
    Dtype dtype() {
        return dtype;
    }

    long biasAddress() {
        return bias.address();
    }

    /** Wᵀ as the right operand [I,O] of x·Wᵀ. */
    synchronized Packed forward() {
        requireOpen();
        if (forward == null) {
            forward = direction(in, out, new long[] {1, in});
        }
        return forward;
    }

    /** W as the right operand [O,I] of dy·W. */
    synchronized Packed backward() {
        requireOpen();
        if (backward == null) {
            backward = direction(out, in, new long[] {in, 1});
        }
        return backward;
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("frozen weight [" + out + ", " + in + "] is closed");
        }
    }

    private Packed direction(long from, long to, long[] strides) {
        dnnl_memory_desc source = OneDnn.floats(new long[] {from, to}, strides);
        if (order == Weights.PACKED) {
            return pack(from, to, source, preferredLayout(from, to));
        }
        dnnl_memory_desc plain = OneDnn.strided(OneDnn.type(dtype), new long[] {from, to}, strides);
        Packed other = forward != null ? forward : backward;
        if (other == null) {
            return pack(from, to, source, plain);
        }
        OneDnn.destroy(source);
        owned.add(new FrozenMemory(() -> OneDnn.destroy(plain)));
        return new Packed(from, to, other.memory(), plain);
    }

    private Packed pack(long from, long to, dnnl_memory_desc source, dnnl_memory_desc layout) {
        if (dnnl_memory_desc_equal(source, layout) != 0) {
            OneDnn.destroy(source);
            HostBlock memory = weights.size() == 1 ? HostBlock.of(weights.get(0).inPlace()) : stack();
            return owned(new Packed(from, to, memory, layout));
        }
        HostBlock dense = stack();
        HostBlock packed = HostBlock.allocate(dnnl_memory_desc_get_size(layout));
        String name = "packing of a weight [" + out + ", " + in + "]";
        Primitive reorder = Reorders.create(name, source, OneDnn.clone(layout), null);
        HostBlock scratch = HostBlock.allocate(Math.max(reorder.scratchBytes(), HostBlock.ALIGNMENT));
        dnnl_stream stream = new dnnl_stream();
        OneDnn.check(dnnl_stream_create(stream, OneDnn.ENGINE, dnnl_stream_default_flags), "create a stream");
        reorder.run(stream, scratch.address(), dense.address(), packed.address());
        dnnl_stream_destroy(stream);
        reorder.destroy();
        scratch.free();
        dense.free();
        return owned(new Packed(from, to, packed, layout));
    }

    /** Freed with this weight. */
    private Packed owned(Packed packed) {
        owned.add(new FrozenMemory(() -> {
            packed.memory().free();
            OneDnn.destroy(packed.layout());
        }));
        return packed;
    }

    private dnnl_memory_desc preferredLayout(long from, long to) {
        int type = OneDnn.type(dtype);
        dnnl_memory_desc source = OneDnn.strided(type, new long[] {REPRESENTATIVE_ROWS, from}, new long[] {from, 1});
        dnnl_memory_desc any = OneDnn.anyLayout(type, from, to);
        dnnl_memory_desc result = OneDnn.dense(type, REPRESENTATIVE_ROWS, to);
        dnnl_primitive_attr attributes = OneDnn.attributes(null);
        dnnl_primitive_desc description = new dnnl_primitive_desc();
        OneDnn.check(
                dnnl_matmul_primitive_desc_create(description, OneDnn.ENGINE, source, any, null, result, attributes),
                "choose the layout of a weight [" + out + ", " + in + "]");
        dnnl_memory_desc layout = OneDnn.clone(OneDnn.layout(description, dnnl_query_weights_md));
        dnnl_primitive_desc_destroy(description);
        dnnl_primitive_attr_destroy(attributes);
        OneDnn.destroy(source, any, result);
        return layout;
    }

    /** The weights one after the other. */
    private HostBlock stack() {
        HostBlock stacked = HostBlock.allocate(Float.BYTES * in * out);
        boolean whole = false;
        try {
            int at = 0;
            for (FrozenValues part : weights) {
                part.copyTo(stacked.floats().slice(at, part.size()));
                at += part.size();
            }
            whole = true;
            return stacked;
        } finally {
            if (!whole) {
                stacked.free();
            }
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        owned.forEach(FrozenMemory::free);
        owned.clear();
        weights = List.of();
    }
}
