package org.erat.compute.cuda;

import static org.bytedeco.cuda.global.cublas.*;
import static org.bytedeco.cuda.global.cudart.CUDA_R_32F;

import org.bytedeco.cuda.cublas.cublasLtContext;
import org.bytedeco.cuda.cublas.cublasLtMatmulAlgo_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulDescOpaque_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulHeuristicResult_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulPreferenceOpaque_t;
import org.bytedeco.cuda.cublas.cublasLtMatrixLayoutOpaque_t;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;

/** A gemm as cuBLASLt describes it, and the algorithm that cuBLASLt chose for it. Confined to one stream. */
final class LtPlan implements AutoCloseable {
    /** What cuBLASLt asks about at most. */
    private static final long MOST_ALIGNED = 256;

    /**
     * What a plan depends on: views may start anywhere, and some algorithms need more alignment than an element has.
     *
     * @param gemm with no factors, which may differ from call to call
     */
    record Key(Gemm gemm, int alignmentA, int alignmentB, int alignmentC) {
        static Key of(Gemm gemm, long a, long b, long c) {
            return new Key(gemm.scaled(1, gemm.beta() == 0 ? 0 : 1), alignment(a), alignment(b), alignment(c));
        }

        private static int alignment(long address) {
            return (int) Math.min(Long.lowestOneBit(address), MOST_ALIGNED);
        }
    }

    private final Gemm gemm;
    private final String device;
    private final cublasLtMatmulDescOpaque_t description = new cublasLtMatmulDescOpaque_t();
    private final cublasLtMatrixLayoutOpaque_t a = new cublasLtMatrixLayoutOpaque_t();
    private final cublasLtMatrixLayoutOpaque_t b = new cublasLtMatrixLayoutOpaque_t();
    private final cublasLtMatrixLayoutOpaque_t c = new cublasLtMatrixLayoutOpaque_t();
    private final cublasLtMatmulHeuristicResult_t choice = new cublasLtMatmulHeuristicResult_t();
    private final cublasLtMatmulAlgo_t algorithm;
    private final LongPointer bias = new LongPointer(new long[] {0});
    private final LongPointer auxiliary = new LongPointer(new long[] {0});

    /**
     * @param computation how operands are multiplied, as cuBLAS numbers it
     * @param bias of the first run; likewise the auxiliary matrix
     */
    LtPlan(
            cublasLtContext light,
            Key key,
            int computation,
            long bias,
            long auxiliary,
            long workspaceBytes,
            String device) {
        this.gemm = key.gemm();
        this.device = device;
        check(cublasLtMatmulDescInit(description, computation, CUDA_R_32F), "cublasLtMatmulDescInit");
        describe(CUBLASLT_MATMUL_DESC_TRANSA, gemm.transposeA() ? CUBLAS_OP_T : CUBLAS_OP_N);
        describe(CUBLASLT_MATMUL_DESC_TRANSB, gemm.transposeB() ? CUBLAS_OP_T : CUBLAS_OP_N);
        // Bias and auxiliary matrix have the dtype of the result, which is the default.
        switch (gemm.epilogue()) {
            case NONE -> {}
            case BIAS -> describe(CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_BIAS);
            case GELU -> describe(CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_GELU_AUX_BIAS);
            case GELU_BACKWARD -> describe(CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_DGELU);
        }
        if (gemm.epilogue().hasAuxiliary()) {
            try (LongPointer stride = new LongPointer(new long[] {gemm.strideC()})) {
                describe(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, stride);
            }
        }
        // Before the choice, which may depend on them.
        readBesides(bias, auxiliary);
        int operands = Cublas.type(gemm.operands());
        layout(a, operands, gemm.transposeA(), gemm.m(), gemm.k(), gemm.strideA());
        layout(b, operands, gemm.transposeB(), gemm.k(), gemm.n(), gemm.strideB());
        layout(c, Cublas.type(gemm.result()), false, gemm.m(), gemm.n(), gemm.strideC());
        choose(light, key, workspaceBytes);
        algorithm = choice.algo();
    }

    private void check(int status, String call) {
        CudaStatus.checkCublas(status, call, gemm, device);
    }

    private void describe(int attribute, LongPointer value) {
        check(
                cublasLtMatmulDescSetAttribute(description, attribute, value, Long.BYTES),
                "cublasLtMatmulDescSetAttribute");
    }

    private void describe(int attribute, int value) {
        try (IntPointer pointer = new IntPointer(new int[] {value})) {
            check(
                    cublasLtMatmulDescSetAttribute(description, attribute, pointer, Integer.BYTES),
                    "cublasLtMatmulDescSetAttribute");
        }
    }

    /** As it lies in memory, by columns: op(x) is [rows, columns]. */
    private void layout(
            cublasLtMatrixLayoutOpaque_t layout, int type, boolean transposed, long rows, long columns, long stride) {
        check(
                cublasLtMatrixLayoutInit(
                        layout, type, transposed ? columns : rows, transposed ? rows : columns, stride),
                "cublasLtMatrixLayoutInit");
    }

    private void choose(cublasLtContext light, Key key, long workspaceBytes) {
        try (cublasLtMatmulPreferenceOpaque_t preference = new cublasLtMatmulPreferenceOpaque_t();
                LongPointer workspace = new LongPointer(new long[] {workspaceBytes})) {
            check(cublasLtMatmulPreferenceInit(preference), "cublasLtMatmulPreferenceInit");
            check(
                    cublasLtMatmulPreferenceSetAttribute(
                            preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, workspace, Long.BYTES),
                    "cublasLtMatmulPreferenceSetAttribute");
            // Parts of a sum meet in a workspace and are added in their order.
            prefer(
                    preference,
                    CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
                    CUBLASLT_REDUCTION_SCHEME_NONE | CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE);
            prefer(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, key.alignmentA());
            prefer(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, key.alignmentB());
            prefer(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, key.alignmentC());
            prefer(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, key.alignmentC());
            int[] found = new int[1];
            check(
                    cublasLtMatmulAlgoGetHeuristic(light, description, a, b, c, c, preference, 1, choice, found),
                    "cublasLtMatmulAlgoGetHeuristic");
            if (found[0] == 0) {
                throw new CudaException("cublasLtMatmulAlgoGetHeuristic on " + device + " has no algorithm for "
                        + gemm + " at alignments of " + key.alignmentA() + ", " + key.alignmentB() + " and "
                        + key.alignmentC() + " bytes");
            }
            check(choice.state(), "cublasLtMatmulAlgoGetHeuristic");
        }
    }

    private void prefer(cublasLtMatmulPreferenceOpaque_t preference, int attribute, int value) {
        try (IntPointer pointer = new IntPointer(new int[] {value})) {
            check(
                    cublasLtMatmulPreferenceSetAttribute(preference, attribute, pointer, Integer.BYTES),
                    "cublasLtMatmulPreferenceSetAttribute");
        }
    }

    /** What the epilogue of the next run reads or writes: one plan serves all maps of its shape. */
    void readBesides(long newBias, long newAuxiliary) {
        if (gemm.epilogue().hasBias() && bias.get() != newBias) {
            describe(CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias.put(newBias));
        }
        if (gemm.epilogue().hasAuxiliary() && auxiliary.get() != newAuxiliary) {
            describe(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, auxiliary.put(newAuxiliary));
        }
    }

    cublasLtMatmulDescOpaque_t description() {
        return description;
    }

    cublasLtMatrixLayoutOpaque_t a() {
        return a;
    }

    cublasLtMatrixLayoutOpaque_t b() {
        return b;
    }

    cublasLtMatrixLayoutOpaque_t c() {
        return c;
    }

    cublasLtMatmulAlgo_t algorithm() {
        return algorithm;
    }

    @Override
    public void close() {
        description.close();
        a.close();
        b.close();
        c.close();
        choice.close();
        bias.close();
        auxiliary.close();
    }
}
