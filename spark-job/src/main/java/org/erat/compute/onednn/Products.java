package org.erat.compute.onednn;

import static org.bytedeco.dnnl.global.dnnl.*;

import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_post_ops;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.erat.compute.Shapes;
import org.erat.compute.Tensor;

/** Products of two tensors that change: the adapters' skinny ones. */
final class Products {
    private final Execution execution;

    Products(Execution execution) {
        this.execution = execution;
    }

    private record ProductKey(
            Layout a, boolean transposeA, Layout b, boolean transposeB, float alpha, float beta, Layout c) {}

    /** c = alpha·op(a)·op(b) + beta·c. */
    void product(Tensor a, boolean transposeA, Tensor b, boolean transposeB, double alpha, double beta, Tensor c) {
        Shapes.checkProduct(a, transposeA, b, transposeB, c);
        OneDnnTensor left = OneDnnTensor.of(a);
        OneDnnTensor right = OneDnnTensor.of(b);
        OneDnnTensor into = OneDnnTensor.of(c);
        ProductKey key = new ProductKey(
                left.layout(), transposeA, right.layout(), transposeB, (float) alpha, (float) beta, into.layout());
        execution.run(execution.primitive(key, () -> create(key)), left.address(), right.address(), into.address());
    }

    private static Primitive create(ProductKey key) {
        dnnl_memory_desc a = key.transposeA() ? key.a().transposed() : key.a().descriptor();
        dnnl_memory_desc b = key.transposeB() ? key.b().transposed() : key.b().descriptor();
        dnnl_memory_desc c = key.c().descriptor();
        dnnl_primitive_attr attributes = OneDnn.attributes(scaleAndSum(key.alpha(), key.beta()));
        dnnl_primitive_desc description = new dnnl_primitive_desc();
        int status = dnnl_matmul_primitive_desc_create(description, OneDnn.ENGINE, a, b, null, c, attributes);
        dnnl_primitive_attr_destroy(attributes);
        return new Primitive.Builder("product " + key)
                .operand(DNNL_ARG_SRC, a)
                .operand(DNNL_ARG_WEIGHTS, b)
                .operand(DNNL_ARG_DST, c)
                .build(description, status);
    }

    private static dnnl_post_ops scaleAndSum(float alpha, float beta) {
        dnnl_post_ops postOps = new dnnl_post_ops();
        OneDnn.check(dnnl_post_ops_create(postOps), "create post-ops");
        if (alpha != 1) {
            OneDnn.check(dnnl_post_ops_append_eltwise(postOps, dnnl_eltwise_linear, alpha, 0), "append a scale");
        }
        if (beta != 0) {
            OneDnn.check(dnnl_post_ops_append_sum(postOps, beta, 0, dnnl_data_type_undef), "append a sum");
        }
        return postOps;
    }
}
