package org.erat.compute.cuda;

import static org.bytedeco.cuda.global.cublas.*;
import static org.bytedeco.cuda.global.cudart.CUDA_R_16BF;
import static org.bytedeco.cuda.global.cudart.CUDA_R_32F;

import org.bytedeco.cuda.cublas.cublasContext;
import org.bytedeco.cuda.cublas.cublasLtContext;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.javacpp.FloatPointer;
import org.erat.compute.memory.BoundedCache;
import org.erat.data.safetensors.Dtype;

/**
 * Products of one stream: by cuBLASLt, and those of batches, whose matrices lie at two distances, by cuBLAS. Sums are in
 * f32; f32 operands are rounded to TF32 only where that was asked for. The same shape and alignment get the same algorithm, cuBLASLt's own first
 * choice, and no algorithm that adds in the order of arrival: so the same device gives the same bits.
 */
final class Cublas implements AutoCloseable {
    /**
     * Plans that are kept. The least recently used one is freed when there is one more. A run meets some sixty batch shapes
     * with some twenty products each, 1200 in all; windows of an adapter add six for each batch shape and length of window,
     * 2900 at rank 8. The limit is well above that, for an epoch that asks for all its algorithms anew is slow.
     */
    private static final int PLANS = 8192;

    private final CUstream_st stream;
    private final boolean tf32;
    private final String device;
    private final long workspaceBytes;
    private final cublasLtContext light = new cublasLtContext();
    private final cublasContext full = new cublasContext();
    private final BoundedCache<LtPlan.Key, LtPlan> plans = new BoundedCache<>(PLANS, LtPlan::close);
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

    static int type(Dtype dtype) {
        return dtype == Dtype.BF16 ? CUDA_R_16BF : CUDA_R_32F;
    }

    /** How operands are multiplied; sums are in f32 in either case. */
    private int computation(Dtype operands) {
        return tf32 && operands == Dtype.F32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
    }

    void gemm(Gemm gemm, long addressA, long addressB, long addressC, long bias, long auxiliary, long workspace) {
        LtPlan.Key key = LtPlan.Key.of(gemm, addressA, addressB, addressC);
        LtPlan plan = plans.get(key);
        if (plan == null) {
            plan = new LtPlan(light, key, computation(gemm.operands()), bias, auxiliary, workspaceBytes, device);
            plans.put(key, plan);
        }
        alpha.put(gemm.alpha());
        beta.put(gemm.beta());
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
        check(status, "cublasLtMatmul", gemm);
    }

    void batchedGemm(Gemm gemm, int count, long addressesA, long addressesB, long addressesC, long workspace) {
        if (workspaceOfFull != workspace) {
            check(cublasSetWorkspace_v2(full, scratch.at(workspace), workspaceBytes), "cublasSetWorkspace", "");
            workspaceOfFull = workspace;
        }
        alpha.put(gemm.alpha());
        beta.put(gemm.beta());
        int status = cublasGemmBatchedEx(
                full,
                gemm.transposeA() ? CUBLAS_OP_T : CUBLAS_OP_N,
                gemm.transposeB() ? CUBLAS_OP_T : CUBLAS_OP_N,
                gemm.m(),
                gemm.n(),
                gemm.k(),
                alpha,
                as.at(addressesA),
                type(gemm.operands()),
                Math.toIntExact(gemm.strideA()),
                bs.at(addressesB),
                type(gemm.operands()),
                Math.toIntExact(gemm.strideB()),
                beta,
                cs.at(addressesC),
                type(gemm.result()),
                Math.toIntExact(gemm.strideC()),
                count,
                computation(gemm.operands()),
                CUBLAS_GEMM_DEFAULT);
        if (status != CUBLAS_STATUS_SUCCESS) {
            check(status, "cublasGemmBatchedEx", count + " products " + gemm);
        }
    }

    @Override
    public void close() {
        plans.clear();
        check(cublasLtDestroy(light), "cublasLtDestroy", "");
        check(cublasDestroy_v2(full), "cublasDestroy", "");
        alpha.close();
        beta.close();
    }
}
