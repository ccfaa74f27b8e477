// Layer normalization and RMS normalization, forward and backward: a warp for each row, sums in f32.
#include "common.cuh"

// y = (x - mean) * rstd * weight + bias
template <class T, int W>
__device__ inline void layerNorm(
        const T* x,
        Index strideX,
        const float* weight,
        const float* bias,
        float epsilon,
        float* means,
        float* rstds,
        T* y,
        Index strideY,
        Index rows,
        Index columns) {
    Index row = rowOfWarp();
    if (row >= rows) {
        return;
    }
    x += row * strideX;
    float sum = 0.0f;
    for (Index c = lane() * W; c < columns; c += WARP * W) {
        float v[W];
        load<T, W>(x + c, v);
        for (int i = 0; i < W; i++) {
            sum += v[i];
        }
    }
    float mean = sumOfWarp(sum) / columns;
    // In a second pass: the difference of two large sums would lose what is left.
    float squares = 0.0f;
    for (Index c = lane() * W; c < columns; c += WARP * W) {
        float v[W];
        load<T, W>(x + c, v);
        for (int i = 0; i < W; i++) {
            squares += (v[i] - mean) * (v[i] - mean);
        }
    }
    float rstd = 1.0f / sqrtf(sumOfWarp(squares) / columns + epsilon);
    for (Index c = lane() * W; c < columns; c += WARP * W) {
        float v[W], w[W], b[W];
        load<T, W>(x + c, v);
        load<float, W>(weight + c, w);
        load<float, W>(bias + c, b);
        for (int i = 0; i < W; i++) {
            v[i] = (v[i] - mean) * rstd * w[i] + b[i];
        }
        store<T, W>(y + row * strideY + c, v);
    }
    if (lane() == 0) {
        means[row] = mean;
        rstds[row] = rstd;
    }
}

// With n = (x - mean) * rstd and dn = dy * weight: dx = (dn - mean(dn) - n * mean(dn * n)) * rstd
template <class T, int W>
__device__ inline void layerNormBackward(
        const T* dy,
        Index strideDy,
        const float* weight,
        const T* x,
        Index strideX,
        const float* means,
        const float* rstds,
        T* dx,
        Index strideDx,
        Index rows,
        Index columns) {
    Index row = rowOfWarp();
    if (row >= rows) {
        return;
    }
    dy += row * strideDy;
    x += row * strideX;
    float mean = means[row];
    float rstd = rstds[row];
    float alongOnes = 0.0f;
    float alongNormal = 0.0f;
    for (Index c = lane() * W; c < columns; c += WARP * W) {
        float d[W], v[W], w[W];
        load<T, W>(dy + c, d);
        load<T, W>(x + c, v);
        load<float, W>(weight + c, w);
        for (int i = 0; i < W; i++) {
            alongOnes += d[i] * w[i];
            alongNormal += d[i] * w[i] * (v[i] - mean) * rstd;
        }
    }
    alongOnes = sumOfWarp(alongOnes) / columns;
    alongNormal = sumOfWarp(alongNormal) / columns;
    for (Index c = lane() * W; c < columns; c += WARP * W) {
        float d[W], v[W], w[W];
        load<T, W>(dy + c, d);
        load<T, W>(x + c, v);
        load<float, W>(weight + c, w);
        for (int i = 0; i < W; i++) {
            float normal = (v[i] - mean) * rstd;
            d[i] = (d[i] * w[i] - alongOnes - normal * alongNormal) * rstd;
        }
        store<T, W>(dx + row * strideDx + c, d);
    }
}

// y = x * rstd * weight
template <class T, int W>
__device__ inline void rmsNorm(
        const T* x,
        Index strideX,
        const float* weight,
        float epsilon,
        float* rstds,
        T* y,
        Index strideY,
        Index rows,
        Index columns) {
    Index row = rowOfWarp();
    if (row >= rows) {
        return;
    }
    x += row * strideX;
    float squares = 0.0f;
    for (Index c = lane() * W; c < columns; c += WARP * W) {
        float v[W];
        load<T, W>(x + c, v);
        for (int i = 0; i < W; i++) {
            squares += v[i] * v[i];
        }
    }
    float rstd = 1.0f / sqrtf(sumOfWarp(squares) / columns + epsilon);
    for (Index c = lane() * W; c < columns; c += WARP * W) {
        float v[W], w[W];
        load<T, W>(x + c, v);
        load<float, W>(weight + c, w);
        for (int i = 0; i < W; i++) {
            v[i] *= rstd * w[i];
        }
        store<T, W>(y + row * strideY + c, v);
    }
    if (lane() == 0) {
        rstds[row] = rstd;
    }
}

// With n = x * rstd and dn = dy * weight: dx = (dn - n * mean(dn * n)) * rstd
template <class T, int W>
__device__ inline void rmsNormBackward(
        const T* dy,
        Index strideDy,
        const float* weight,
        const T* x,
        Index strideX,
        const float* rstds,
        T* dx,
        Index strideDx,
        Index rows,
        Index columns) {
    Index row = rowOfWarp();
    if (row >= rows) {
        return;
    }
    dy += row * strideDy;
    x += row * strideX;
    float rstd = rstds[row];
    float alongNormal = 0.0f;
    for (Index c = lane() * W; c < columns; c += WARP * W) {
        float d[W], v[W], w[W];
        load<T, W>(dy + c, d);
        load<T, W>(x + c, v);
        load<float, W>(weight + c, w);
        for (int i = 0; i < W; i++) {
            alongNormal += d[i] * w[i] * v[i] * rstd;
        }
    }
    alongNormal = sumOfWarp(alongNormal) / columns;
    for (Index c = lane() * W; c < columns; c += WARP * W) {
        float d[W], v[W], w[W];
        load<T, W>(dy + c, d);
        load<T, W>(x + c, v);
        load<float, W>(weight + c, w);
        for (int i = 0; i < W; i++) {
            d[i] = (d[i] * w[i] - v[i] * rstd * alongNormal) * rstd;
        }
        store<T, W>(dx + row * strideDx + c, d);
    }
}

#define LAYER_NORM(NAME, T, W) \
    KERNEL layer_norm_##NAME##_##W( \
            const T* x, \
            Index strideX, \
            const float* weight, \
            const float* bias, \
            float epsilon, \
            float* means, \
            float* rstds, \
            T* y, \
            Index strideY, \
            Index rows, \
            Index columns) { \
        layerNorm<T, W>( \
                x, strideX, weight, bias, epsilon, means, rstds, y, strideY, rows, columns); \
    } \
    KERNEL layer_norm_backward_##NAME##_##W( \
            const T* dy, \
            Index strideDy, \
            const float* weight, \
            const T* x, \
            Index strideX, \
            const float* means, \
            const float* rstds, \
            T* dx, \
            Index strideDx, \
            Index rows, \
            Index columns) { \
        layerNormBackward<T, W>( \
                dy, strideDy, weight, x, strideX, means, rstds, dx, strideDx, rows, columns); \
    }
FOR_DTYPES(LAYER_NORM)

#define RMS_NORM(NAME, T, W) \
    KERNEL rms_norm_##NAME##_##W( \
            const T* x, \
            Index strideX, \
            const float* weight, \
            float epsilon, \
            float* rstds, \
            T* y, \
            Index strideY, \
            Index rows, \
            Index columns) { \
        rmsNorm<T, W>(x, strideX, weight, epsilon, rstds, y, strideY, rows, columns); \
    } \
    KERNEL rms_norm_backward_##NAME##_##W( \
            const T* dy, \
            Index strideDy, \
            const float* weight, \
            const T* x, \
            Index strideX, \
            const float* rstds, \
            T* dx, \
            Index strideDx, \
            Index rows, \
            Index columns) { \
        rmsNormBackward<T, W>(dy, strideDy, weight, x, strideX, rstds, dx, strideDx, rows, columns); \
    }
FOR_DTYPES(RMS_NORM)
