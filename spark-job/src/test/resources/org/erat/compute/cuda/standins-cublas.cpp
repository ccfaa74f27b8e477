// libcublas and libcublasLt; goes with standins.cpp.

namespace {

const int NOT_IN_ORDER = 7; // CUBLAS_STATUS_INVALID_VALUE
const int F32 = 0, BF16 = 14;
const int COMPUTE_32F = 68, COMPUTE_32F_FAST_TF32 = 77;
const uint64_t ALGORITHM = 0xA1;
const int NONE_FOUND = -1;

void* const FULL = reinterpret_cast<void*>(0xB1);
void* const LIGHT = reinterpret_cast<void*>(0xB2);

// What lies in CUDA's opaque structures.
struct Description {
    int compute, transposeA, transposeB, epilogue;
    int64_t bias, auxiliary, strideOfAuxiliary;
};
struct Layout {
    int type;
    uint64_t rows, columns;
    int64_t stride;
};
struct Preference {
    uint64_t workspace;
    int reductions;
    int alignments[4];
};
struct Algorithm {
    uint64_t data[8];
};
struct Choice {
    Algorithm algorithm;
    std::size_t workspace;
    int state;
    float waves;
    int reserved[4];
};

bool computes(int compute, int type) {
    return compute == COMPUTE_32F || (compute == COMPUTE_32F_FAST_TF32 && type == F32);
}

// The number that the emulator has for an epilogue; -1 where it is not in order.
int epilogueOf(const Description& d, const Layout& c) {
    switch (d.epilogue) {
        case 1: return d.bias == 0 && d.auxiliary == 0 ? 0 : -1;
        case 4: return d.bias != 0 && d.auxiliary == 0 ? BIAS : -1;
        default: break;
    }
    bool auxiliary = d.auxiliary != 0 && d.auxiliary % 16 == 0 && d.strideOfAuxiliary % 8 == 0
            && d.strideOfAuxiliary == c.stride;
    switch (auxiliary ? d.epilogue : 0) {
        case 164: return d.bias != 0 ? GELU_AND_AUXILIARY : -1;
        case 192: return d.bias == 0 ? GELU_BACKWARD : -1;
        default: return -1;
    }
}

bool inOrder(const Description& d, const Layout& a, const Layout& b, const Layout& c) {
    uint64_t m = d.transposeA ? a.columns : a.rows;
    uint64_t k = d.transposeA ? a.rows : a.columns;
    uint64_t kOfB = d.transposeB ? b.columns : b.rows;
    uint64_t n = d.transposeB ? b.rows : b.columns;
    return k == kOfB && c.rows == m && c.columns == n && a.type == b.type && computes(d.compute, a.type)
            && epilogueOf(d, c) >= 0;
}

template <class T>
int take(T& into, const void* from, std::size_t bytes) {
    if (bytes != sizeof into) {
        return NOT_IN_ORDER;
    }
    std::memcpy(&into, from, bytes);
    return 0;
}

} // namespace

extern "C" {

// ---- libcublas

const char* cublasGetStatusString(int status) {
    return status == 15 ? "not supported" : "a status of cuBLAS";
}

int cublasCreate_v2(void** handle) {
    CALLED
    *handle = FULL;
    return 0;
}

int cublasDestroy_v2(void* handle) {
    CALLED
    return handle == FULL ? 0 : NOT_IN_ORDER;
}

int cublasSetStream_v2(void* handle, void* stream) {
    CALLED
    return handle == FULL && stream == STREAM ? 0 : NOT_IN_ORDER;
}

int cublasSetWorkspace_v2(void* handle, void* workspace, std::size_t bytes) {
    CALLED
    return handle == FULL && bytes == WORKSPACE && holds(reinterpret_cast<uint64_t>(workspace), bytes)
            ? 0
            : NOT_IN_ORDER;
}

int cublasSetAtomicsMode(void* handle, int mode) {
    CALLED
    return handle == FULL && mode == 0 ? 0 : NOT_IN_ORDER;
}

int cublasGemmBatchedEx(
        void* handle,
        int transposeA,
        int transposeB,
        int m,
        int n,
        int k,
        const float* alpha,
        const int64_t* a,
        int typeOfA,
        int strideA,
        const int64_t* b,
        int typeOfB,
        int strideB,
        const float* beta,
        const int64_t* c,
        int typeOfC,
        int strideC,
        int count,
        int compute,
        int) {
    CALLED
    // The arrays of addresses lie on the device too.
    if (handle != FULL || typeOfA != typeOfB || !computes(compute, typeOfA) || strideA < (transposeA ? k : m)
        || strideB < (transposeB ? n : k) || strideC < m || !holds(reinterpret_cast<uint64_t>(a), 8 * count)) {
        return NOT_IN_ORDER;
    }
    for (int i = 0; i < count; i++) {
        Java_org_erat_compute_cuda_Emulator_gemm(
                nullptr, nullptr, transposeA, transposeB, m, n, k, typeOfA == BF16, typeOfC == BF16,
                compute == COMPUTE_32F_FAST_TF32, a[i], strideA, b[i], strideB, c[i], strideC, *alpha, *beta, 0, 0, 0);
    }
    return 0;
}

// ---- libcublasLt

int cublasLtCreate(void** handle) {
    CALLED
    *handle = LIGHT;
    return 0;
}

int cublasLtDestroy(void* handle) {
    CALLED
    return handle == LIGHT ? 0 : NOT_IN_ORDER;
}

int cublasLtMatmulDescInit_internal(Description* d, std::size_t bytes, int compute, int scale) {
    CALLED
    if (bytes < sizeof *d || scale != F32) {
        return NOT_IN_ORDER;
    }
    *d = {compute, 0, 0, 1, 0, 0, 0};
    return 0;
}

int cublasLtMatmulDescSetAttribute(Description* d, int attribute, const void* value, std::size_t bytes) {
    CALLED
    switch (attribute) {
        case 3: return take(d->transposeA, value, bytes);
        case 4: return take(d->transposeB, value, bytes);
        case 7: return take(d->epilogue, value, bytes);
        case 8: return take(d->bias, value, bytes);
        case 11: return take(d->auxiliary, value, bytes);
        case 12: return take(d->strideOfAuxiliary, value, bytes);
        default: return NOT_IN_ORDER;
    }
}

int cublasLtMatrixLayoutInit_internal(
        Layout* layout, std::size_t bytes, int type, uint64_t rows, uint64_t columns, int64_t stride) {
    CALLED
    *layout = {type, rows, columns, stride};
    return bytes >= sizeof *layout && stride >= (int64_t) rows ? 0 : NOT_IN_ORDER;
}

int cublasLtMatmulPreferenceInit_internal(Preference* preference, std::size_t bytes) {
    CALLED
    *preference = {0, 0, {0, 0, 0, 0}};
    return bytes >= sizeof *preference ? 0 : NOT_IN_ORDER;
}

int cublasLtMatmulPreferenceSetAttribute(
        Preference* preference, int attribute, const void* value, std::size_t bytes) {
    CALLED
    switch (attribute) {
        case 1: return take(preference->workspace, value, bytes);
        case 3: return take(preference->reductions, value, bytes);
        case 5:
        case 6:
        case 7:
        case 8: return take(preference->alignments[attribute - 5], value, bytes);
        default: return NOT_IN_ORDER;
    }
}

int cublasLtMatmulAlgoGetHeuristic(
        void* handle,
        const Description* d,
        const Layout* a,
        const Layout* b,
        const Layout* c,
        const Layout* result,
        const Preference* preference,
        int wanted,
        Choice* choice,
        int* found) {
    int status = statusOf(__func__);
    *found = status == NONE_FOUND ? 0 : wanted;
    if (status != 0) {
        return status == NONE_FOUND ? 0 : status;
    }
    // Sums in their order only: none in parts, or parts that meet in the workspace.
    bool asked = preference->workspace == WORKSPACE && preference->reductions == 2 && wanted == 1;
    for (int alignment : preference->alignments) {
        asked = asked && alignment > 0;
    }
    *choice = {{{ALGORITHM}}, WORKSPACE, 0, 1, {0, 0, 0, 0}};
    return handle == LIGHT && asked && c == result && inOrder(*d, *a, *b, *c) ? 0 : NOT_IN_ORDER;
}

int cublasLtMatmul(
        void* handle,
        const Description* d,
        const float* alpha,
        int64_t addressA,
        const Layout* a,
        int64_t addressB,
        const Layout* b,
        const float* beta,
        int64_t addressC,
        const Layout* c,
        int64_t addressOfResult,
        const Layout* result,
        const Algorithm* algorithm,
        uint64_t workspace,
        std::size_t bytes,
        void* stream) {
    CALLED
    if (handle != LIGHT || stream != STREAM || bytes != WORKSPACE || !holds(workspace, bytes)
        || algorithm->data[0] != ALGORITHM || addressC != addressOfResult || c != result || !inOrder(*d, *a, *b, *c)) {
        return NOT_IN_ORDER;
    }
    Java_org_erat_compute_cuda_Emulator_gemm(
            nullptr, nullptr, d->transposeA, d->transposeB, c->rows, c->columns, d->transposeA ? a->rows : a->columns,
            a->type == BF16, c->type == BF16, d->compute == COMPUTE_32F_FAST_TF32, addressA, a->stride, addressB,
            b->stride, addressC, c->stride, *alpha, *beta, epilogueOf(*d, *c), d->bias, d->auxiliary);
    return 0;
}
}
