package org.erat.benchmark;

import static org.bytedeco.dnnl.global.dnnl.*;

import org.bytedeco.dnnl.dnnl_engine;
import org.bytedeco.dnnl.dnnl_exec_arg_t;
import org.bytedeco.dnnl.dnnl_memory;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.bytedeco.dnnl.dnnl_stream;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;

/**
 * How long oneDNN's bare matrix product takes: the limit that a step is held against. Operands are plain row-major, but
 * the right one of a single product has the layout that oneDNN likes best, as a frozen weight would.
 */
final class ProductRates {
    private static final int WARM_UP = 3;

    /** A byte of which f32 and bf16 numbers of ordinary size are made: 0.0115. */
    private static final int ABOUT_A_HUNDREDTH = 0x3c;

    private ProductRates() {}

    /**
     * Seconds of one product [batch,m,k]·[batch,k,n], f32 or bf16 with f32 accumulation and bf16 result; the shortest
     * of several.
     */
    static double seconds(String precision, int batch, int m, int k, int n) {
        int type = precision.equals("bf16") ? dnnl_bf16 : dnnl_f32;
        dnnl_engine engine = new dnnl_engine();
        check(dnnl_engine_create(engine, dnnl_cpu, 0));
        dnnl_stream stream = new dnnl_stream();
        check(dnnl_stream_create(stream, engine, dnnl_stream_default_flags));
        dnnl_memory_desc a = descriptor(type, batch, m, k, false);
        dnnl_memory_desc b = descriptor(type, batch, k, n, batch == 1);
        dnnl_memory_desc c = descriptor(type, batch, m, n, false);
        dnnl_primitive_desc description = new dnnl_primitive_desc();
        check(dnnl_matmul_primitive_desc_create(description, engine, a, b, null, c, (dnnl_primitive_attr) null));
        dnnl_primitive product = new dnnl_primitive();
        check(dnnl_primitive_create(product, description));
        int[] roles = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST};
        int[] queries = {dnnl_query_src_md, dnnl_query_weights_md, dnnl_query_dst_md};
        dnnl_memory[] memories = new dnnl_memory[roles.length];
        BytePointer[] bytes = new BytePointer[roles.length];
        try (dnnl_exec_arg_t arguments = new dnnl_exec_arg_t(roles.length)) {
            for (int i = 0; i < roles.length; i++) {
                dnnl_memory_desc descriptor = dnnl_primitive_desc_query_md(description, queries[i], 0);
                bytes[i] = written(descriptor);
                memories[i] = memory(engine, descriptor, bytes[i]);
                arguments.position(i).arg(roles[i]).memory(memories[i]);
            }
            arguments.position(0);
            double flop = 2.0 * batch * m * k * n;
            int repetitions = (int) Math.max(5, Math.min(50, 4e9 / flop));
            double shortest = Double.MAX_VALUE;
            for (int i = 0; i < WARM_UP + repetitions; i++) {
                long start = System.nanoTime();
                check(dnnl_primitive_execute(product, stream, roles.length, arguments));
                check(dnnl_stream_wait(stream));
                if (i >= WARM_UP) {
                    shortest = Math.min(shortest, (System.nanoTime() - start) / 1e9);
                }
            }
            return shortest;
        } finally {
            for (int i = 0; i < roles.length; i++) {
                dnnl_memory_destroy(memories[i]);
                bytes[i].close();
            }
            dnnl_primitive_destroy(product);
            dnnl_primitive_desc_destroy(description);
            dnnl_memory_desc_destroy(a);
            dnnl_memory_desc_destroy(b);
            dnnl_memory_desc_destroy(c);
            dnnl_stream_destroy(stream);
            dnnl_engine_destroy(engine);
        }
    }

    private static dnnl_memory_desc descriptor(int type, long batch, long rows, long columns, boolean anyLayout) {
        long[] sizes = batch == 1 ? new long[] {rows, columns} : new long[] {batch, rows, columns};
        long[] strides = batch == 1 ? new long[] {columns, 1} : new long[] {rows * columns, columns, 1};
        dnnl_memory_desc descriptor = new dnnl_memory_desc();
        check(
                anyLayout
                        ? dnnl_memory_desc_create_with_tag(descriptor, sizes.length, sizes, type, dnnl_format_tag_any)
                        : dnnl_memory_desc_create_with_strides(descriptor, sizes.length, sizes, type, strides));
        return descriptor;
    }

    /** Memory that has been written to: pages that never were are all one page of zeros, and too fast to read. */
    private static BytePointer written(dnnl_memory_desc descriptor) {
        long bytes = dnnl_memory_desc_get_size(descriptor);
        BytePointer memory = new BytePointer(bytes);
        Pointer.memset(memory, ABOUT_A_HUNDREDTH, bytes);
        return memory;
    }

    private static dnnl_memory memory(dnnl_engine engine, dnnl_memory_desc descriptor, BytePointer over) {
        dnnl_memory memory = new dnnl_memory();
        check(dnnl_memory_create(memory, descriptor, engine, over));
        return memory;
    }

    private static void check(int status) {
        if (status != dnnl_success) {
            throw new IllegalStateException("oneDNN answers with status " + status);
        }
    }
}
