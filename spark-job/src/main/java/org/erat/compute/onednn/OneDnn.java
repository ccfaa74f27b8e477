package org.erat.compute.onednn;

import static org.bytedeco.dnnl.global.dnnl.*;

import java.util.Arrays;
import org.bytedeco.dnnl.dnnl_engine;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_post_ops;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.erat.data.safetensors.Dtype;

/** The native library: its one engine, memory descriptors, attributes, and the check of every status it returns. */
final class OneDnn {
    /**
     * oneDNN keeps created primitives to share their generated code; a job meets some sixty batch shapes with some forty
     * primitives each, and the default of 1024 would evict them in the middle of an epoch.
     */
    static final int PRIMITIVE_CACHE_CAPACITY = 8192;

    static final dnnl_engine ENGINE = new dnnl_engine();

    static {
        Malloc.mapLargeBlocks();
        check(dnnl_engine_create(ENGINE, dnnl_cpu, 0), "create the CPU engine");
        check(dnnl_set_primitive_cache_capacity(PRIMITIVE_CACHE_CAPACITY), "set the primitive cache's capacity");
    }

    private OneDnn() {}

    /** Throws unless {@code status} is success; {@code what} names the primitive and its shape. */
    static void check(int status, String what) {
        if (status != dnnl_success) {
            throw new IllegalStateException("oneDNN: cannot " + what + ": " + reason(status));
        }
    }

    private static String reason(int status) {
        return switch (status) {
            case 1 -> "out of memory";
            case 2 -> "invalid arguments";
            case 3 -> "unimplemented";
            case 4 -> "last implementation reached";
            case 5 -> "runtime error";
            case 6 -> "not required";
            case 7 -> "invalid graph";
            case 8 -> "invalid graph operation";
            case 9 -> "invalid shape";
            case 10 -> "invalid data type";
            default -> "status " + status;
        };
    }

    /** Whether the processor multiplies bf16 natively: AVX512_BF16 or AMX. */
    static boolean hasBf16() {
        int isa = dnnl_get_effective_cpu_isa();
        return (isa & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16;
    }

    /** A descriptor of f32 elements {@code strides} apart; the caller destroys it. */
    static dnnl_memory_desc floats(long[] sizes, long[] strides) {
        return strided(dnnl_f32, sizes, strides);
    }

    /** A descriptor of dense f32 elements; the caller destroys it. */
    static dnnl_memory_desc floats(long... sizes) {
        return dense(dnnl_f32, sizes);
    }

    /** A descriptor of dense elements of {@code type}; the caller destroys it. */
    static dnnl_memory_desc dense(int type, long... sizes) {
        long[] strides = new long[sizes.length];
        long stride = 1;
        for (int i = sizes.length - 1; i >= 0; i--) {
            strides[i] = stride;
            stride *= sizes[i];
        }
        return strided(type, sizes, strides);
    }

    /** oneDNN's number for a dtype. */
    static int type(Dtype dtype) {
        return dtype == Dtype.BF16 ? dnnl_bf16 : dnnl_f32;
    }

    /** A descriptor of elements of {@code type} that are {@code strides} apart. */
    static dnnl_memory_desc strided(int type, long[] sizes, long[] strides) {
        dnnl_memory_desc descriptor = new dnnl_memory_desc();
        check(
                dnnl_memory_desc_create_with_strides(descriptor, sizes.length, sizes, type, strides),
                "describe memory " + Arrays.toString(sizes));
        return descriptor;
    }

    /** A descriptor whose layout the primitive chooses. */
    static dnnl_memory_desc anyLayout(int type, long... sizes) {
        dnnl_memory_desc descriptor = new dnnl_memory_desc();
        check(
                dnnl_memory_desc_create_with_tag(descriptor, sizes.length, sizes, type, dnnl_format_tag_any),
                "describe memory " + Arrays.toString(sizes));
        return descriptor;
    }

    static dnnl_memory_desc clone(dnnl_memory_desc descriptor) {
        dnnl_memory_desc copy = new dnnl_memory_desc();
        check(dnnl_memory_desc_clone(copy, descriptor), "copy a memory descriptor");
        return copy;
    }

    static void destroy(dnnl_memory_desc... descriptors) {
        for (dnnl_memory_desc descriptor : descriptors) {
            dnnl_memory_desc_destroy(descriptor);
        }
    }

    /** New post-ops; {@link #attributes} takes them over. */
    static dnnl_post_ops postOps() {
        dnnl_post_ops postOps = new dnnl_post_ops();
        check(dnnl_post_ops_create(postOps), "create post-ops");
        return postOps;
    }

    /**
     * Attributes with {@code postOps} (or null). Scratch memory is the caller's: oneDNN's own belongs to the thread that
     * created the primitive, and a task may move to another.
     */
    static dnnl_primitive_attr attributes(dnnl_post_ops postOps) {
        dnnl_primitive_attr attributes = new dnnl_primitive_attr();
        check(dnnl_primitive_attr_create(attributes), "create attributes");
        check(
                dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user),
                "set the scratchpad mode");
        if (postOps != null) {
            check(dnnl_primitive_attr_set_post_ops(attributes, postOps), "set post-ops");
            dnnl_post_ops_destroy(postOps);
        }
        return attributes;
    }

    /** The layout that {@code description} chose for an operand. Owned by {@code description}. */
    static dnnl_memory_desc layout(dnnl_primitive_desc description, int query) {
        return dnnl_primitive_desc_query_md(description, query, 0);
    }
}
