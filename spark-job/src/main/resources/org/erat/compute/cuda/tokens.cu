// Rows of tokens: embeddings on the way in, pooling on the way out.
#include "common.cuh"

// y[i] = words[ids[i]] + positions[ids[rows + i]] + types[ids[2 * rows + i]], the last where types is not null
template <class T, int W>
__device__ inline void embeddings(
        const T* words,
        Index strideWords,
        const T* positions,
        Index stridePositions,
        const T* types,
        Index strideTypes,
        const int* ids,
        T* y,
        Index rows,
        Index columns) {
    Index row, column;
    if (cell<W>(rows, columns, row, column)) {
        float sum[W], v[W];
        load<T, W>(words + ids[row] * strideWords + column, sum);
        load<T, W>(positions + ids[rows + row] * stridePositions + column, v);
        for (int i = 0; i < W; i++) {
            sum[i] += v[i];
        }
        if (types != nullptr) {
            load<T, W>(types + ids[2 * rows + row] * strideTypes + column, v);
            for (int i = 0; i < W; i++) {
                sum[i] += v[i];
            }
        }
        store<T, W>(y + row * columns + column, sum);
    }
}

// y[b] = mean of the first lengths[b] of the rows b * tokens + t, in the order of t
template <class T, int W>
__device__ inline void meanPool(
        const T* x, Index stride, const int* lengths, float* y, Index examples, Index tokens, Index columns) {
    Index example, column;
    if (cell<W>(examples, columns, example, column)) {
        float sum[W] = {};
        int length = lengths[example];
        for (Index t = 0; t < length; t++) {
            float v[W];
            load<T, W>(x + (example * tokens + t) * stride + column, v);
            for (int i = 0; i < W; i++) {
                sum[i] += v[i];
            }
        }
        for (int i = 0; i < W; i++) {
            sum[i] /= length;
        }
        store<float, W>(y + example * columns + column, sum);
    }
}

// dx[b * tokens + t] = dy[b] / lengths[b] where t is below that, else 0
template <class S, class T, int W>
__device__ inline void meanPoolBackward(
        const S* dy, Index stride, const int* lengths, T* dx, Index rows, Index tokens, Index columns) {
    Index row, column;
    if (cell<W>(rows, columns, row, column)) {
        Index example = row / tokens;
        int length = lengths[example];
        float v[W] = {};
        if (row - example * tokens < length) {
            load<S, W>(dy + example * stride + column, v);
            for (int i = 0; i < W; i++) {
                v[i] /= length;
            }
        }
        store<T, W>(dx + row * columns + column, v);
    }
}

#define TOKENS(NAME, T, W) \
    KERNEL embeddings_##NAME##_##W( \
            const T* words, \
            Index strideWords, \
            const T* positions, \
            Index stridePositions, \
            const T* types, \
            Index strideTypes, \
            const int* ids, \
            T* y, \
            Index rows, \
            Index columns) { \
        embeddings<T, W>( \
                words, strideWords, positions, stridePositions, types, strideTypes, ids, y, rows, columns); \
    } \
    KERNEL mean_pool_##NAME##_##W( \
            const T* x, Index stride, const int* lengths, float* y, Index examples, Index tokens, Index columns) { \
        meanPool<T, W>(x, stride, lengths, y, examples, tokens, columns); \
    }
FOR_FORMATS(TOKENS)

#define MEAN_POOL_BACKWARD(NAME, S, T, W) \
    KERNEL mean_pool_backward_##NAME##_##W( \
            const S* dy, Index stride, const int* lengths, T* dx, Index rows, Index tokens, Index columns) { \
        meanPoolBackward<S, T, W>(dy, stride, lengths, dx, rows, tokens, columns); \
    }
FOR_PAIRS(MEAN_POOL_BACKWARD)
