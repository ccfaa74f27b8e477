// Attention of one query of each head and example over the keys and values that are kept.
#include "common.cuh"

// Key and value of the newest token of each example, columns of x, to its row of the cache [B*T, 2*K*D].
template <class T, int W>
__device__ inline void keepNewest(
        const T* x, Index stride, T* cache, const int* lengths, Index examples, Index columns, Index room) {
    Index example, column;
    if (cell<W>(examples, columns, example, column)) {
        float v[W];
        load<T, W>(x + example * stride + column, v);
        store<T, W>(cache + (example * room + lengths[example] - 1) * columns + column, v);
    }
}

// A block of threads for each head of each example. Its warps form the scores, a key at a time, in [B*A, T]; then each
// thread sums some columns of the values. Keys before the window and behind the length are never read.
template <class T, int W>
__device__ inline void decode(
        const T* qkv,
        Index strideQkv,
        const T* cache,
        float* scores,
        T* y,
        const int* lengths,
        Index room,
        Index heads,
        Index keyValueHeads,
        Index width,
        Index window,
        float scale) {
    Index example = blockIdx.x / heads;
    Index head = blockIdx.x % heads;
    Index stride = 2 * keyValueHeads * width;
    Index length = lengths[example];
    Index first = length > window ? length - window : 0;
    const T* query = qkv + example * strideQkv + head * width;
    const T* keys = cache + example * room * stride + head / (heads / keyValueHeads) * width;
    const T* values = keys + keyValueHeads * width;
    scores += (Index) blockIdx.x * room;
    Index warps = blockDim.x / WARP;
    for (Index t = first + threadIdx.x / WARP; t < length; t += warps) {
        float sum = 0.0f;
        for (Index c = lane() * W; c < width; c += WARP * W) {
            float q[W], k[W];
            load<T, W>(query + c, q);
            load<T, W>(keys + t * stride + c, k);
            for (int i = 0; i < W; i++) {
                sum += q[i] * k[i];
            }
        }
        sum = sumOfWarp(sum);
        if (lane() == 0) {
            scores[t] = sum * scale;
        }
    }
    __syncthreads();
    // Each warp forms the maximum and the sum for itself.
    float largest = __uint_as_float(0xFF800000u); // minus infinity
    for (Index t = first + lane(); t < length; t += WARP) {
        largest = fmaxf(largest, scores[t]);
    }
    largest = maximumOfWarp(largest);
    float sum = 0.0f;
    for (Index t = first + lane(); t < length; t += WARP) {
        sum += expf(scores[t] - largest);
    }
    float factor = 1.0f / sumOfWarp(sum);
    for (Index c = (Index) threadIdx.x * W; c < width; c += (Index) blockDim.x * W) {
        float result[W] = {};
        for (Index t = first; t < length; t++) {
            float v[W];
            load<T, W>(values + t * stride + c, v);
            float weight = expf(scores[t] - largest);
            for (int i = 0; i < W; i++) {
                result[i] += weight * v[i];
            }
        }
        for (int i = 0; i < W; i++) {
            result[i] *= factor;
        }
        store<T, W>(y + (Index) blockIdx.x * width + c, result);
    }
}

#define DECODE(NAME, T, W) \
    KERNEL keep_newest_##NAME##_##W( \
            const T* x, Index stride, T* cache, const int* lengths, Index examples, Index columns, Index room) { \
        keepNewest<T, W>(x, stride, cache, lengths, examples, columns, room); \
    } \
    KERNEL decode_##NAME##_##W( \
            const T* qkv, \
            Index strideQkv, \
            const T* cache, \
            float* scores, \
            T* y, \
            const int* lengths, \
            Index room, \
            Index heads, \
            Index keyValueHeads, \
            Index width, \
            Index window, \
            float scale) { \
        decode<T, W>( \
                qkv, \
                strideQkv, \
                cache, \
                scores, \
                y, \
                lengths, \
                room, \
                heads, \
                keyValueHeads, \
                width, \
                window, \
                scale); \
    }
FOR_DTYPES(DECODE)
