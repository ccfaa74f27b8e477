package org.erat.compute.cuda;

import static org.bytedeco.cuda.global.cublas.*;
import static org.bytedeco.cuda.global.cudart.CUDA_R_16BF;
import static org.bytedeco.cuda.global.cudart.CUDA_R_32F;

import java.util.HashMap;
import java.util.Map;
import org.bytedeco.cuda.cublas.cublasContext;
import org.bytedeco.cuda.cublas.cublasLtContext;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.javacpp.FloatPointer;

/**
 * Products of one stream: by cuBLASLt, and those of batches, whose matrices lie at two distances, by cuBLAS. Sums are in
 * f32; f32 operands are rounded to TF32 only where that was asked for. The same shape and alignment get the same algorithm, cuBLASLt's own first
 * choice, and no algorithm that adds in the order of arrival: so the same device gives the same bits.
 */
final class Cublas implements AutoCloseable {
    private final CUstream_st stream;
    private final boolean tf32;
    private final String device;
    private final long workspaceBytes;
    private final cublasLtContext light = new cublasLtContext();
    private final cublasContext full = new cublasContext();
    private final Map<LtPlan.Key, LtPlan> plans = new HashMap<>();
    private final FloatPointer alpha = new FloatPointer(1);
    private final FloatPointer beta = new FloatPointer(1);
    private final Address a = new Address();
    private final Address b = new Address();
    private final Address c = new Address();
    private final AddressArray as = new AddressArray();
    private final AddressArray bs = new AddressArray();
    private final AddressArray cs = new AddressArray();
    private final Address scratch = new Address();
    private long workspaceOfFull;

    Cublas(CUstream_st stream, boolean tf32, String device, long workspaceBytes) {
        this.stream = stream;
        this.tf32 = tf32;
        this.device = device + (tf32 ? ", in TF32" : "");
        this.workspaceBytes = workspaceBytes;
        check(cublasLtCreate(light), "cublasLtCreate", "");
        check(cublasCreate_v2(full), "cublasCreate", "");
        check(cublasSetStream_v2(full, stream), "cublasSetStream", "");
        check(cublasSetAtomicsMode(full, CUBLAS_ATOMICS_NOT_ALLOWED), "cublasSetAtomicsMode", "");
    }

    private void check(int status, String call, Object about) {
        CudaStatus.checkCublas(status, call, about, device);
    }

    static int type(Format format) {
        return format == Format.BF16 ? CUDA_R_16BF : CUDA_R_32F;
    }

    /** How operands are multiplied; sums are in f32 in either case. */
    private int computation(Format operands) {
        return tf32 && operands == Format.F32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
    }

    void product(
            Product product, long addressA, long addressB, long addressC, long bias, long auxiliary, long workspace) {
        LtPlan plan = plans.computeIfAbsent(
                LtPlan.Key.of(product, addressA, addressB, addressC),
                key -> new LtPlan(
                        light, key, computation(product.operands()), bias, auxiliary, workspaceBytes, device));
        alpha.put(product.alpha());
        beta.put(product.beta());
        plan.readBesides(bias, auxiliary);
        int status = cublasLtMatmul(
                light,
                plan.description(),
                alpha,
                a.at(addressA),
                plan.a(),
                b.at(addressB),
                plan.b(),
                beta,
                c.at(addressC),
                plan.c(),
                c,
                plan.c(),
                plan.algorithm(),
                scratch.at(workspace),
                workspaceBytes,
                stream);
        check(status, "cublasLtMatmul", product);
    }

    void products(Product product, int count, long addressesA, long addressesB, long addressesC, long workspace) {
        if (workspaceOfFull != workspace) {
            check(cublasSetWorkspace_v2(full, scratch.at(workspace), workspaceBytes), "cublasSetWorkspace", "");
            workspaceOfFull = workspace;
        }
        alpha.put(product.alpha());
        beta.put(product.beta());
        int status = cublasGemmBatchedEx(
                full,
                product.transposeA() ? CUBLAS_OP_T : CUBLAS_OP_N,
                product.transposeB() ? CUBLAS_OP_T : CUBLAS_OP_N,
                product.m(),
                product.n(),
                product.k(),
                alpha,
                as.at(addressesA),
                type(product.operands()),
                Math.toIntExact(product.strideA()),
                bs.at(addressesB),
                type(product.operands()),
                Math.toIntExact(product.strideB()),
                beta,
                cs.at(addressesC),
                type(product.result()),
                Math.toIntExact(product.strideC()),
                count,
                computation(product.operands()),
                CUBLAS_GEMM_DEFAULT);
        if (status != CUBLAS_STATUS_SUCCESS) {
            check(status, "cublasGemmBatchedEx", count + " products " + product);
        }
    }

    @Override
    public void close() {
        plans.values().forEach(LtPlan::close);
        check(cublasLtDestroy(light), "cublasLtDestroy", "");
        check(cublasDestroy_v2(full), "cublasDestroy", "");
        alpha.close();
        beta.close();
    }
}
