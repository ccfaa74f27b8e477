// CUDA's language on a processor, as far as the kernels use it: the threads of a block are fibers of one thread.
#pragma once
#include <cmath>
#include <cstring>

#define __global__
#define __device__
#define __launch_bounds__(threads)
// One block runs after the other.
#define __shared__ static

struct Dimensions {
    unsigned int x;
};

// Of the thread that runs.
extern Dimensions threadIdx, blockIdx, blockDim;

// Hands x to the lane whose number differs in the bits of distance; every lane of the warp has to come.
float __shfl_xor_sync(unsigned int mask, float x, int distance);

// Waits for all threads of the block.
void __syncthreads();

inline float __uint_as_float(unsigned int bits) {
    float x;
    std::memcpy(&x, &bits, sizeof x);
    return x;
}

inline unsigned int __float_as_uint(float x) {
    unsigned int bits;
    std::memcpy(&bits, &x, sizeof bits);
    return bits;
}

// What tiles.cuh has machine instructions for.
struct Chunk;
void multiplyAdd(float (&c)[4], const unsigned int (&a)[4], unsigned int b0, unsigned int b1);
void loadMatrices(unsigned int (&x)[4], const Chunk* row);
void loadTransposed(unsigned int (&x)[4], const Chunk* row);
void copyAsync(Chunk* to, const void* from, bool inside);
void awaitCopies();
unsigned int packed(float low, float high);

inline float powerOfTwo(float x) {
    return std::exp2(x);
}
