// Rows of tokens: embeddings on the way in, rotations; gathering and pooling on the way out.
#include "common.cuh"

// sum += row ids[row] of table, from column on; nothing where table is null
template <class T, int W>
__device__ inline void addRow(float (&sum)[W], const T* table, Index stride, const int* ids, Index row, Index column) {
    if (table != nullptr) {
        float v[W];
        load<T, W>(table + ids[row] * stride + column, v);
        for (int i = 0; i < W; i++) {
            sum[i] += v[i];
        }
    }
}

// y[i] = words[wordIds[i]] + positions[positionIds[i]] + types[typeIds[i]], of the tables that are not null
template <class T, int W>
__device__ inline void embeddings(
        const T* words,
        Index strideWords,
        const int* wordIds,
        const T* positions,
        Index stridePositions,
        const int* positionIds,
        const T* types,
        Index strideTypes,
        const int* typeIds,
        T* y,
        Index rows,
        Index columns) {
    Index row, column;
    if (cell<W>(rows, columns, row, column)) {
        float sum[W] = {};
        addRow<T, W>(sum, words, strideWords, wordIds, row, column);
        addRow<T, W>(sum, positions, stridePositions, positionIds, row, column);
        addRow<T, W>(sum, types, strideTypes, typeIds, row, column);
        store<T, W>(y + row * columns + column, sum);
    }
}

// In place: elements (i, i + half) of each head are rotated by angle i of the row's position, or by its negative. Angles
// of a position are their cosines [half] and their sines [half]; columns are the first halves of all heads.
template <class T, int W>
__device__ inline void rotate(
        T* x,
        Index stride,
        const float* angles,
        const int* positions,
        float sign,
        Index rows,
        Index columns,
        Index half) {
    Index row, column;
    if (cell<W>(rows, columns, row, column)) {
        Index head = column / half;
        Index pair = column - head * half;
        T* first = x + row * stride + head * 2 * half + pair;
        angles += positions[row] * 2 * half + pair;
        float a[W], b[W], cosine[W], sine[W];
        load<T, W>(first, a);
        load<T, W>(first + half, b);
        load<float, W>(angles, cosine);
        load<float, W>(angles + half, sine);
        for (int i = 0; i < W; i++) {
            float turned = a[i] * cosine[i] - sign * b[i] * sine[i];
            b[i] = b[i] * cosine[i] + sign * a[i] * sine[i];
            a[i] = turned;
        }
        store<T, W>(first, a);
        store<T, W>(first + half, b);
    }
}

// y[i] = x[indices[i]]
template <class T, int W>
__device__ inline void gather(
        const T* x, Index stride, const int* indices, float* y, Index rows, Index columns) {
    Index row, column;
    if (cell<W>(rows, columns, row, column)) {
        float v[W];
        load<T, W>(x + indices[row] * stride + column, v);
        store<float, W>(y + row * columns + column, v);
    }
}

// dx[i] = dy[sources[i]], or 0 where that is negative
template <class S, class T, int W>
__device__ inline void gatherBackward(
        const S* dy, Index stride, const int* sources, T* dx, Index rows, Index columns) {
    Index row, column;
    if (cell<W>(rows, columns, row, column)) {
        Index source = sources[row];
        float v[W] = {};
        if (source >= 0) {
            load<S, W>(dy + source * stride + column, v);
        }
        store<T, W>(dx + row * columns + column, v);
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
            const int* wordIds, \
            const T* positions, \
            Index stridePositions, \
            const int* positionIds, \
            const T* types, \
            Index strideTypes, \
            const int* typeIds, \
            T* y, \
            Index rows, \
            Index columns) { \
        embeddings<T, W>( \
                words, \
                strideWords, \
                wordIds, \
                positions, \
                stridePositions, \
                positionIds, \
                types, \
                strideTypes, \
                typeIds, \
                y, \
                rows, \
                columns); \
    } \
    KERNEL rotate_##NAME##_##W( \
            T* x, \
            Index stride, \
            const float* angles, \
            const int* positions, \
            float sign, \
            Index rows, \
            Index columns, \
            Index half) { \
        rotate<T, W>(x, stride, angles, positions, sign, rows, columns, half); \
    } \
    KERNEL gather_##NAME##_##W( \
            const T* x, Index stride, const int* indices, float* y, Index rows, Index columns) { \
        gather<T, W>(x, stride, indices, y, rows, columns); \
    } \
    KERNEL mean_pool_##NAME##_##W( \
            const T* x, Index stride, const int* lengths, float* y, Index examples, Index tokens, Index columns) { \
        meanPool<T, W>(x, stride, lengths, y, examples, tokens, columns); \
    }
FOR_DTYPES(TOKENS)

#define TOKENS_BACKWARD(NAME, S, T, W) \
    KERNEL gather_backward_##NAME##_##W( \
            const S* dy, Index stride, const int* sources, T* dx, Index rows, Index columns) { \
        gatherBackward<S, T, W>(dy, stride, sources, dx, rows, columns); \
    } \
    KERNEL mean_pool_backward_##NAME##_##W( \
            const S* dy, Index stride, const int* lengths, T* dx, Index rows, Index tokens, Index columns) { \
        meanPoolBackward<S, T, W>(dy, stride, lengths, dx, rows, tokens, columns); \
    }
FOR_PAIRS(TOKENS_BACKWARD)
