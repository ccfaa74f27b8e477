package org.erat.compute.onednn;

import static org.bytedeco.dnnl.global.dnnl.*;

import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_post_ops;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;

/** Copies between layouts and dtypes. */
final class Reorders {
    private Reorders() {}

    /** A primitive with the operands (source, destination); takes over the descriptors and the post-ops. */
    static Primitive create(String name, dnnl_memory_desc from, dnnl_memory_desc to, dnnl_post_ops postOps) {
        dnnl_primitive_attr attributes = OneDnn.attributes(postOps);
        dnnl_primitive_desc description = new dnnl_primitive_desc();
        int status =
                dnnl_reorder_primitive_desc_create(description, from, OneDnn.ENGINE, to, OneDnn.ENGINE, attributes);
        dnnl_primitive_attr_destroy(attributes);
        return new Primitive.Builder(name)
                .operand(DNNL_ARG_SRC, from)
                .operand(DNNL_ARG_DST, to)
                .build(description, status);
    }
}
