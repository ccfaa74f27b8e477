package org.erat.compute.onednn;

import static org.bytedeco.dnnl.global.dnnl.*;

import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.erat.compute.FrozenLinear;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;

/** Products with frozen weights, in both directions. */
final class LinearMaps {
    private final Execution execution;

    LinearMaps(Execution execution) {
        this.execution = execution;
    }

    /** Layouts are a function of width and precision, so maps of one shape share their primitives. */
    private record ProductKey(int type, long rows, long from, long to, long stride, boolean forward) {}

    private record ConversionKey(long rows, long columns, long stride) {}

    /** y[N,O] = x[N,I]·Wᵀ + b. */
    OneDnnTensor forward(Tensor x, FrozenLinear w) {
        Shapes.checkShape("linear", "x", x, Shapes.rows("linear", "x", x), w.in());
        FrozenWeight weight = (FrozenWeight) w;
        return multiply(OneDnnTensor.of(x), weight, weight.forward(), true);
    }

    /** dx[N,I] = dy[N,O]·W. */
    OneDnnTensor backward(Tensor dy, FrozenLinear w) {
        Shapes.checkShape("linearBackward", "dy", dy, Shapes.rows("linearBackward", "dy", dy), w.out());
        FrozenWeight weight = (FrozenWeight) w;
        return multiply(OneDnnTensor.of(dy), weight, weight.backward(), false);
    }

    private OneDnnTensor multiply(
            OneDnnTensor source, FrozenWeight weight, FrozenWeight.Packed packed, boolean forward) {
        OneDnnTensor result = execution.allocate(source.rowsCount(), packed.to());
        if (weight.elementType() == dnnl_bf16) {
            Block rounded = execution.take(2 * source.rowsCount() * packed.from());
            round(source, rounded);
            multiply(rounded.address(), packed.from(), source.rowsCount(), weight, packed, forward, result);
            execution.release(rounded);
        } else {
            multiply(source.address(), source.stride(), source.rowsCount(), weight, packed, forward, result);
        }
        return result;
    }

    private void multiply(
            long source,
            long stride,
            long rows,
            FrozenWeight weight,
            FrozenWeight.Packed packed,
            boolean forward,
            OneDnnTensor result) {
        int type = weight.elementType();
        ProductKey key = new ProductKey(type, rows, packed.from(), packed.to(), stride, forward);
        Primitive product = execution.primitive(key, () -> create(key, packed.layout()));
        if (forward) {
            execution.run(product, source, packed.memory().address(), result.address(), weight.biasAddress());
        } else {
            execution.run(product, source, packed.memory().address(), result.address());
        }
    }

    private static Primitive create(ProductKey key, dnnl_memory_desc layout) {
        dnnl_memory_desc source =
                OneDnn.strided(key.type(), new long[] {key.rows(), key.from()}, new long[] {key.stride(), 1});
        dnnl_memory_desc weight = OneDnn.clone(layout);
        dnnl_memory_desc result = OneDnn.floats(key.rows(), key.to());
        dnnl_memory_desc bias = key.forward() ? OneDnn.floats(1, key.to()) : null;
        dnnl_primitive_attr attributes = OneDnn.attributes(null);
        dnnl_primitive_desc description = new dnnl_primitive_desc();
        int status =
                dnnl_matmul_primitive_desc_create(description, OneDnn.ENGINE, source, weight, bias, result, attributes);
        dnnl_primitive_attr_destroy(attributes);
        Primitive.Builder builder = new Primitive.Builder("linear " + key)
                .operand(DNNL_ARG_SRC, source)
                .operand(DNNL_ARG_WEIGHTS, weight)
                .operand(DNNL_ARG_DST, result);
        if (key.forward()) {
            builder.operand(DNNL_ARG_BIAS, bias);
        }
        return builder.build(description, status);
    }

    /** Writes {@code source} to {@code into} as dense bf16. */
    private void round(OneDnnTensor source, Block into) {
        ConversionKey key = new ConversionKey(source.rowsCount(), source.columnsCount(), source.stride());
        Primitive reorder = execution.primitive(key, () -> createConversion(key));
        execution.run(reorder, source.address(), into.address());
    }

    private static Primitive createConversion(ConversionKey key) {
        long[] sizes = {key.rows(), key.columns()};
        dnnl_memory_desc from = OneDnn.floats(sizes, new long[] {key.stride(), 1});
        dnnl_memory_desc to = OneDnn.strided(dnnl_bf16, sizes, new long[] {key.columns(), 1});
        return Reorders.create("rounding to bf16 " + key, from, to, null);
    }
}
