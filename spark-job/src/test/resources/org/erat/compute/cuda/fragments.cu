// For tests of what the kernels' products are made of: one warp multiplies and loads as its lanes' registers say.
#include "tiles.cuh"

KERNEL multiply_fragments(const unsigned int* a, const unsigned int* b, float* c) {
    unsigned int left[4];
    float result[4];
    for (int i = 0; i < 4; i++) {
        left[i] = a[4 * threadIdx.x + i];
        result[i] = c[4 * threadIdx.x + i];
    }
    multiplyAdd(result, left, b[2 * threadIdx.x], b[2 * threadIdx.x + 1]);
    for (int i = 0; i < 4; i++) {
        c[4 * threadIdx.x + i] = result[i];
    }
}

KERNEL load_matrices(const Chunk* rows, unsigned int* plain, unsigned int* transposed) {
    __shared__ Chunk tile[32];
    copyAsync(&tile[threadIdx.x], &rows[threadIdx.x], true);
    awaitCopies();
    __syncthreads();
    unsigned int x[4];
    loadMatrices(x, &tile[threadIdx.x]);
    for (int i = 0; i < 4; i++) {
        plain[4 * threadIdx.x + i] = x[i];
    }
    loadTransposed(x, &tile[threadIdx.x]);
    for (int i = 0; i < 4; i++) {
        transposed[4 * threadIdx.x + i] = x[i];
    }
}
