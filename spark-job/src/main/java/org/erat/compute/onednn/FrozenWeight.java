package org.erat.compute.onednn;

import static org.bytedeco.dnnl.global.dnnl.*;

import java.lang.ref.Cleaner;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.bytedeco.dnnl.dnnl_stream;
import org.erat.compute.FrozenLinear;
import org.erat.compute.FrozenValues;
import org.erat.compute.Precision;
import org.erat.compute.WeightLayout;

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

    private static final Cleaner CLEANER = Cleaner.create();

    /** One direction: maps [N, from] to [N, to]. */
    record Packed(long from, long to, Block memory, dnnl_memory_desc layout) {}

    private final long in;
    private final long out;
    private final Precision precision;
    private final WeightLayout weightLayout;
    private final List<FrozenValues> weights;
    private final Block bias;
    private Packed forward;
    private Packed backward;

    FrozenWeight(
            List<FrozenValues> weights,
            FloatBuffer[] biases,
            int[] outs,
            int in,
            Precision precision,
            WeightLayout weightLayout) {
        this.in = in;
        this.precision = precision;
        this.weightLayout = weightLayout;
        this.weights = List.copyOf(weights);
        this.out = IntStream.of(outs).sum();
        this.bias = owned(Block.allocate(Float.BYTES * out));
        int at = 0;
        for (FloatBuffer part : biases) {
            bias.floats().put(at, part, part.position(), part.remaining());
            at += part.remaining();
        }
    }

    @Override
    public long in() {
        return in;
    }

    @Override
    public long out() {
        return out;
    }

    Precision precision() {
        return precision;
    }

    long biasAddress() {
        return bias.address();
    }

    /** Wᵀ as the right operand [I,O] of x·Wᵀ. */
    synchronized Packed forward() {
        if (forward == null) {
            long[] strides = {1, in};
            forward = weightLayout == WeightLayout.PLAIN ? plain(in, out, strides) : pack(in, out, strides);
        }
        return forward;
    }

    /** W as the right operand [O,I] of dy·W. */
    synchronized Packed backward() {
        if (backward == null) {
            long[] strides = {in, 1};
            backward = weightLayout == WeightLayout.PLAIN ? plain(out, in, strides) : pack(out, in, strides);
        }
        return backward;
    }

    private Packed pack(long from, long to, long[] strides) {
        dnnl_memory_desc source = OneDnn.floats(new long[] {from, to}, strides);
        return pack(from, to, source, preferredLayout(from, to));
    }

    /** One direction of the one plain copy. */
    private Packed plain(long from, long to, long[] strides) {
        Packed other = forward != null ? forward : backward;
        dnnl_memory_desc layout = OneDnn.strided(OneDnn.type(precision), new long[] {from, to}, strides);
        if (other != null) {
            return new Packed(from, to, other.memory(), layout);
        }
        return pack(from, to, OneDnn.floats(new long[] {from, to}, strides), layout);
    }

    private Packed pack(long from, long to, dnnl_memory_desc source, dnnl_memory_desc layout) {
        if (dnnl_memory_desc_equal(source, layout) != 0) {
            OneDnn.destroy(source);
            Block memory = weights.size() == 1 ? Block.of(weights.get(0).inPlace()) : stack();
            return new Packed(from, to, owned(memory), layout);
        }
        Block dense = stack();
        Block packed = owned(Block.allocate(dnnl_memory_desc_get_size(layout)));
        String name = "packing of a weight [" + out + ", " + in + "]";
        Primitive reorder = Reorders.create(name, source, OneDnn.clone(layout), null);
        Block scratch = Block.allocate(Math.max(reorder.scratchBytes(), Block.ALIGNMENT));
        dnnl_stream stream = new dnnl_stream();
        OneDnn.check(dnnl_stream_create(stream, OneDnn.ENGINE, dnnl_stream_default_flags), "create a stream");
        reorder.run(stream, scratch.address(), dense.address(), packed.address());
        dnnl_stream_destroy(stream);
        reorder.destroy();
        scratch.free();
        dense.free();
        return new Packed(from, to, packed, layout);
    }

    private dnnl_memory_desc preferredLayout(long from, long to) {
        int type = OneDnn.type(precision);
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
    private Block stack() {
        Block stacked = Block.allocate(Float.BYTES * in * out);
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

    /** Freed when this weight is unreachable. */
    private Block owned(Block block) {
        CLEANER.register(this, block::free);
        return block;
    }
}
