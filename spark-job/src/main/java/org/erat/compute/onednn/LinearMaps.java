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

    /** Layouts of weights are a function of width and precision, so maps of one shape share their primitives. */
    private record ProductKey(Layout source, Layout result, boolean forward) {}

    /** y[N,O] = x[N,I]·Wᵀ + b. */
    OneDnnTensor forward(Tensor x, FrozenLinear w) {
        Shapes.checkShape("linear", "x", x, Shapes.rows("linear", "x", x), w.in());
        FrozenWeight weight = (FrozenWeight) w;
        return multiply("linear", OneDnnTensor.of(x), weight, weight.forward(), true);
    }

    /** dx[N,I] = dy[N,O]·W. */
    OneDnnTensor backward(Tensor dy, FrozenLinear w) {
        Shapes.checkShape("linearBackward", "dy", dy, Shapes.rows("linearBackward", "dy", dy), w.out());
        FrozenWeight weight = (FrozenWeight) w;
        return multiply("linearBackward", OneDnnTensor.of(dy), weight, weight.backward(), false);
    }

    private OneDnnTensor multiply(
            String name, OneDnnTensor source, FrozenWeight weight, FrozenWeight.Packed packed, boolean forward) {
        Shapes.require(
                source.format() == weight.precision(),
                "%s: %s operand for a weight in %s",
                name,
                source.format(),
                weight.precision());
        OneDnnTensor result = execution.allocate(source.rowsCount(), packed.to());
        ProductKey key = new ProductKey(source.layout(), result.layout(), forward);
        Primitive product = execution.primitive(key, () -> create(key, packed.layout()));
        if (forward) {
            execution.run(product, source.address(), packed.memory().address(), result.address(), weight.biasAddress());
        } else {
            execution.run(product, source.address(), packed.memory().address(), result.address());
        }
        return result;
    }

    private static Primitive create(ProductKey key, dnnl_memory_desc layout) {
        dnnl_memory_desc source = key.source().descriptor();
        dnnl_memory_desc weight = OneDnn.clone(layout);
        dnnl_memory_desc result = key.result().descriptor();
        dnnl_memory_desc bias = key.forward() ? OneDnn.floats(1, key.result().columns()) : null;
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
}
