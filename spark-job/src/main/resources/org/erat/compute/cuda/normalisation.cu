// Layer normalisation, forward and backward: a warp for each row, sums in f32.
#include "common.cuh"

// y = (x - mean) * inverseDeviation * gain + bias
template <class T, int W>
__device__ inline void layerNorm(
        const T* x,
        Index strideX,
        const float* gain,
        const float* bias,
        float epsilon,
        float* means,
        float* inverseDeviations,
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
    float inverseDeviation = 1.0f / sqrtf(sumOfWarp(squares) / columns + epsilon);
    for (Index c = lane() * W; c < columns; c += WARP * W) {
        float v[W], g[W], b[W];
        load<T, W>(x + c, v);
        load<float, W>(gain + c, g);
        load<float, W>(bias + c, b);
        for (int i = 0; i < W; i++) {
            v[i] = (v[i] - mean) * inverseDeviation * g[i] + b[i];
        }
        store<T, W>(y + row * strideY + c, v);
    }
    if (lane() == 0) {
        means[row] = mean;
        inverseDeviations[row] = inverseDeviation;
    }
}

// With n = (x - mean) / sigma and dn = dy * gain: dx = (dn - mean(dn) - n * mean(dn * n)) / sigma
template <class T, int W>
__device__ inline void layerNormBackward(
        const T* dy,
        Index strideDy,
        const float* gain,
        const T* x,
        Index strideX,
        const float* means,
        const float* inverseDeviations,
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
    float inverseDeviation = inverseDeviations[row];
    float alongOnes = 0.0f;
    float alongNormal = 0.0f;
    for (Index c = lane() * W; c < columns; c += WARP * W) {
        float d[W], v[W], g[W];
        load<T, W>(dy + c, d);
        load<T, W>(x + c, v);
        load<float, W>(gain + c, g);
        for (int i = 0; i < W; i++) {
            alongOnes += d[i] * g[i];
            alongNormal += d[i] * g[i] * (v[i] - mean) * inverseDeviation;
        }
    }
    alongOnes = sumOfWarp(alongOnes) / columns;
    alongNormal = sumOfWarp(alongNormal) / columns;
    for (Index c = lane() * W; c < columns; c += WARP * W) {
        float d[W], v[W], g[W];
        load<T, W>(dy + c, d);
        load<T, W>(x + c, v);
        load<float, W>(gain + c, g);
        for (int i = 0; i < W; i++) {
            float normal = (v[i] - mean) * inverseDeviation;
            d[i] = (d[i] * g[i] - alongOnes - normal * alongNormal) * inverseDeviation;
        }
        store<T, W>(dx + row * strideDx + c, d);
    }
}

#define LAYER_NORM(NAME, T, W) \
    KERNEL layer_norm_##NAME##_##W( \
            const T* x, \
            Index strideX, \
            const float* gain, \
            const float* bias, \
            float epsilon, \
            float* means, \
            float* inverseDeviations, \
            T* y, \
            Index strideY, \
            Index rows, \
            Index columns) { \
        layerNorm<T, W>( \
                x, strideX, gain, bias, epsilon, means, inverseDeviations, y, strideY, rows, columns); \
    } \
    KERNEL layer_norm_backward_##NAME##_##W( \
            const T* dy, \
            Index strideDy, \
            const float* gain, \
            const T* x, \
            Index strideX, \
            const float* means, \
            const float* inverseDeviations, \
            T* dx, \
            Index strideDx, \
            Index rows, \
            Index columns) { \
        layerNormBackward<T, W>( \
                dy, strideDy, gain, x, strideX, means, inverseDeviations, dx, strideDx, rows, columns); \
    }
FOR_FORMATS(LAYER_NORM)
