// What all kernels share: dtypes of elements, vectors of them, and what the threads of a warp do together.
//
// Conventions: a matrix is row-major with a distance between rows ("stride") in elements. A kernel's name ends in its
// dtypes and in how many neighbouring elements a thread takes at once (1 or 4; 4 needs addresses, strides and widths
// that are multiples of it, which the host sees to). There are no atomics: the same device gives the same bits.

#pragma once

typedef long long Index;

#define KERNEL extern "C" __global__ void __launch_bounds__(256)

// bfloat16 as its bits, so that no header is needed and every architecture is served by the same code.
struct bf16 {
    unsigned short bits;
};

__device__ inline float value(float x) {
    return x;
}

__device__ inline float value(bf16 x) {
    return __uint_as_float((unsigned int) x.bits << 16);
}

__device__ inline void assign(float& to, float x) {
    to = x;
}

// To nearest, ties to even, as processors round; a NaN stays one.
__device__ inline void assign(bf16& to, float x) {
    unsigned int bits = __float_as_uint(x);
    bool nan = (bits & 0x7FFFFFFFu) > 0x7F800000u;
    to.bits = nan ? 0x7FC0 : (unsigned short) ((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16);
}

template <class T, int W>
struct alignas(sizeof(T) * W) Vector {
    T at[W];
};

template <class T, int W>
__device__ inline void load(const T* from, float (&x)[W]) {
    Vector<T, W> elements = *reinterpret_cast<const Vector<T, W>*>(from);
    for (int i = 0; i < W; i++) {
        x[i] = value(elements.at[i]);
    }
}

template <class T, int W>
__device__ inline void store(T* to, const float (&x)[W]) {
    Vector<T, W> elements;
    for (int i = 0; i < W; i++) {
        assign(elements.at[i], x[i]);
    }
    *reinterpret_cast<Vector<T, W>*>(to) = elements;
}

// The W elements of a matrix that are this thread's; false beyond its end.
template <int W>
__device__ inline bool cell(Index rows, Index columns, Index& row, Index& column) {
    Index inRow = columns / W;
    Index i = (Index) blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= rows * inRow) {
        return false;
    }
    row = rows == 1 ? 0 : i / inRow;
    column = (i - row * inRow) * W;
    return true;
}

// ---- a warp for each row

const int WARP = 32;

__device__ inline Index rowOfWarp() {
    return (Index) blockIdx.x * (blockDim.x / WARP) + threadIdx.x / WARP;
}

__device__ inline int lane() {
    return threadIdx.x % WARP;
}

// In a fixed order, and the same in all lanes: a sum of two does not depend on which comes first.
__device__ inline float sumOfWarp(float x) {
    for (int distance = WARP / 2; distance > 0; distance /= 2) {
        x += __shfl_xor_sync(0xFFFFFFFFu, x, distance);
    }
    return x;
}

__device__ inline float maximumOfWarp(float x) {
    for (int distance = WARP / 2; distance > 0; distance /= 2) {
        x = fmaxf(x, __shfl_xor_sync(0xFFFFFFFFu, x, distance));
    }
    return x;
}

// ---- instances of a kernel

#define FOR_DTYPES(INSTANCE) \
    INSTANCE(f32, float, 1) \
    INSTANCE(f32, float, 4) \
    INSTANCE(bf16, bf16, 1) \
    INSTANCE(bf16, bf16, 4)

#define FOR_PAIRS(INSTANCE) \
    INSTANCE(f32_f32, float, float, 1) \
    INSTANCE(f32_f32, float, float, 4) \
    INSTANCE(f32_bf16, float, bf16, 1) \
    INSTANCE(f32_bf16, float, bf16, 4) \
    INSTANCE(bf16_f32, bf16, float, 1) \
    INSTANCE(bf16_f32, bf16, float, 4) \
    INSTANCE(bf16_bf16, bf16, bf16, 1) \
    INSTANCE(bf16_bf16, bf16, bf16, 4)
