package org.erat.compute.onednn;

import static org.bytedeco.dnnl.global.dnnl.*;

import java.lang.ref.Cleaner;
import java.nio.FloatBuffer;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.bytedeco.dnnl.dnnl_stream;
import org.erat.compute.FrozenLinear;
import org.erat.compute.Precision;

/**
 * W [O,I] and b [O], the weights of each direction in the layout that oneDNN's product wants. A direction is packed at
 * its first use, once for all tasks of the JVM, so a job that only runs forward holds one copy.
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
    private final FloatBuffer[] weights;
    private final Block bias;
    private Packed forward;
    private Packed backward;

    FrozenWeight(FloatBuffer[] weights, FloatBuffer[] biases, int[] outs, int in, Precision precision) {
        this.in = in;
        this.precision = precision;
        this.weights = weights.clone();
        this.bias = owned(stack(biases));
        long sum = 0;
        for (int size : outs) {
            sum += size;
        }
        this.out = sum;
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
            forward = pack(in, out, new long[] {1, in});
        }
        return forward;
    }

    /** W as the right operand [O,I] of dy·W. */
    synchronized Packed backward() {
        if (backward == null) {
            backward = pack(out, in, new long[] {in, 1});
        }
        return backward;
    }

    private Packed pack(long from, long to, long[] strides) {
        dnnl_memory_desc source = OneDnn.floats(new long[] {from, to}, strides);
        dnnl_memory_desc layout = preferredLayout(from, to);
        Block dense = stack(weights);
        if (dnnl_memory_desc_equal(source, layout) != 0) {
            OneDnn.destroy(source);
            return new Packed(from, to, owned(dense), layout);
        }
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
        int type = elementType();
        dnnl_memory_desc source = OneDnn.strided(type, new long[] {REPRESENTATIVE_ROWS, from}, new long[] {from, 1});
        dnnl_memory_desc any = OneDnn.anyLayout(type, from, to);
        dnnl_memory_desc result = OneDnn.floats(REPRESENTATIVE_ROWS, to);
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

    /** oneDNN's type of the operands of the product. */
    int elementType() {
        return precision == Precision.BF16 ? dnnl_bf16 : dnnl_f32;
    }

    /** The parts one after the other; in place where there is one part that lies outside the heap. */
    private static Block stack(FloatBuffer[] parts) {
        if (parts.length == 1) {
            return Block.of(parts[0]);
        }
        long elements = 0;
        for (FloatBuffer part : parts) {
            elements += part.remaining();
        }
        Block stacked = Block.allocate(Float.BYTES * elements);
        int at = 0;
        for (FloatBuffer part : parts) {
            stacked.floats().put(at, part, part.position(), part.remaining());
            at += part.remaining();
        }
        return stacked;
    }

    /** Freed when this weight is unreachable. */
    private Block owned(Block block) {
        CLEANER.register(this, block::free);
        return block;
    }
}
