// What is done to each element by itself: copies and conversions, sums, differences and products, activations, dropout,
// factors of columns.
#include "common.cuh"

// ---- constant, copy, sum, difference, product

template <class T, int W>
__device__ inline void fill(T* x, Index stride, Index rows, Index columns, float constant) {
    Index row, column;
    if (cell<W>(rows, columns, row, column)) {
        float v[W];
        for (int i = 0; i < W; i++) {
            v[i] = constant;
        }
        store<T, W>(x + row * stride + column, v);
    }
}

// y = x
template <class S, class T, int W>
__device__ inline void copy(const S* x, Index strideX, T* y, Index strideY, Index rows, Index columns) {
    Index row, column;
    if (cell<W>(rows, columns, row, column)) {
        float v[W];
        load<S, W>(x + row * strideX + column, v);
        store<T, W>(y + row * strideY + column, v);
    }
}

// y += sign * x
template <class S, class T, int W>
__device__ inline void add(
        const S* x, Index strideX, T* y, Index strideY, Index rows, Index columns, float sign) {
    Index row, column;
    if (cell<W>(rows, columns, row, column)) {
        float v[W], sum[W];
        load<S, W>(x + row * strideX + column, v);
        load<T, W>(y + row * strideY + column, sum);
        for (int i = 0; i < W; i++) {
            sum[i] += sign * v[i];
        }
        store<T, W>(y + row * strideY + column, sum);
    }
}

// z = x * y
template <class T, int W>
__device__ inline void multiply(
        const T* x, Index strideX, const T* y, Index strideY, T* z, Index strideZ, Index rows, Index columns) {
    Index row, column;
    if (cell<W>(rows, columns, row, column)) {
        float v[W], factor[W];
        load<T, W>(x + row * strideX + column, v);
        load<T, W>(y + row * strideY + column, factor);
        for (int i = 0; i < W; i++) {
            v[i] *= factor[i];
        }
        store<T, W>(z + row * strideZ + column, v);
    }
}

#define MULTIPLY(NAME, T, W) \
    KERNEL multiply_##NAME##_##W( \
            const T* x, Index strideX, const T* y, Index strideY, T* z, Index strideZ, Index rows, Index columns) { \
        multiply<T, W>(x, strideX, y, strideY, z, strideZ, rows, columns); \
    }
FOR_DTYPES(MULTIPLY)

#define FILL(NAME, T, W) \
    KERNEL fill_##NAME##_##W(T* x, Index stride, Index rows, Index columns, float constant) { \
        fill<T, W>(x, stride, rows, columns, constant); \
    }
FOR_DTYPES(FILL)

#define COPY(NAME, S, T, W) \
    KERNEL copy_##NAME##_##W(const S* x, Index strideX, T* y, Index strideY, Index rows, Index columns) { \
        copy<S, T, W>(x, strideX, y, strideY, rows, columns); \
    }
FOR_PAIRS(COPY)

#define ADD(NAME, S, T, W) \
    KERNEL add_##NAME##_##W(const S* x, Index strideX, T* y, Index strideY, Index rows, Index columns) { \
        add<S, T, W>(x, strideX, y, strideY, rows, columns, 1.0f); \
    } \
    KERNEL subtract_##NAME##_##W(const S* x, Index strideX, T* y, Index strideY, Index rows, Index columns) { \
        add<S, T, W>(x, strideX, y, strideY, rows, columns, -1.0f); \
    }
FOR_PAIRS(ADD)

// ---- activation; the numbers are those of the host

const int GELU = 0;
const int GELU_TANH = 1;
const int RELU = 2;
const int TANH = 3;

const float SQRT_HALF = 0.70710678118654752f;
const float DENSITY_SCALE = 0.39894228040143268f; // 1/sqrt(2 pi)
const float TANH_SCALE = 0.79788456080286536f; // sqrt(2/pi)
const float TANH_CUBIC = 0.044715f;

__device__ inline float activated(int f, float x) {
    if (f == GELU) {
        return 0.5f * x * (1.0f + erff(x * SQRT_HALF));
    }
    if (f == GELU_TANH) {
        return 0.5f * x * (1.0f + tanhf(TANH_SCALE * x * (1.0f + TANH_CUBIC * x * x)));
    }
    if (f == RELU) {
        // Unlike fmaxf this keeps a NaN.
        return x < 0.0f ? 0.0f : x;
    }
    if (f == TANH) {
        return tanhf(x);
    }
    return x / (1.0f + expf(-x)); // SiLU
}

__device__ inline float slope(int f, float x) {
    if (f == GELU) {
        float density = DENSITY_SCALE * expf(-0.5f * x * x);
        return 0.5f * (1.0f + erff(x * SQRT_HALF)) + x * density;
    }
    if (f == GELU_TANH) {
        float tanh = tanhf(TANH_SCALE * x * (1.0f + TANH_CUBIC * x * x));
        float inner = TANH_SCALE * x * (1.0f + 3.0f * TANH_CUBIC * x * x);
        return 0.5f * (1.0f + tanh + (1.0f - tanh * tanh) * inner);
    }
    if (f == RELU) {
        return x > 0.0f ? 1.0f : 0.0f;
    }
    if (f == TANH) {
        float tanh = tanhf(x);
        return 1.0f - tanh * tanh;
    }
    float sigmoid = 1.0f / (1.0f + expf(-x));
    return sigmoid * (1.0f + x * (1.0f - sigmoid));
}

// y = f(x)
template <class T, int W>
__device__ inline void activation(
        const T* x, Index strideX, T* y, Index strideY, Index rows, Index columns, int f) {
    Index row, column;
    if (cell<W>(rows, columns, row, column)) {
        float v[W];
        load<T, W>(x + row * strideX + column, v);
        for (int i = 0; i < W; i++) {
            v[i] = activated(f, v[i]);
        }
        store<T, W>(y + row * strideY + column, v);
    }
}

// dx = dy f'(x)
template <class T, int W>
__device__ inline void activationBackward(
        const T* dy,
        Index strideDy,
        const T* x,
        Index strideX,
        T* dx,
        Index strideDx,
        Index rows,
        Index columns,
        int f) {
    Index row, column;
    if (cell<W>(rows, columns, row, column)) {
        float gradient[W], v[W];
        load<T, W>(dy + row * strideDy + column, gradient);
        load<T, W>(x + row * strideX + column, v);
        for (int i = 0; i < W; i++) {
            gradient[i] *= slope(f, v[i]);
        }
        store<T, W>(dx + row * strideDx + column, gradient);
    }
}

#define ACTIVATION(NAME, T, W) \
    KERNEL activation_##NAME##_##W( \
            const T* x, Index strideX, T* y, Index strideY, Index rows, Index columns, int f) { \
        activation<T, W>(x, strideX, y, strideY, rows, columns, f); \
    } \
    KERNEL activation_backward_##NAME##_##W( \
            const T* dy, \
            Index strideDy, \
            const T* x, \
            Index strideX, \
            T* dx, \
            Index strideDx, \
            Index rows, \
            Index columns, \
            int f) { \
        activationBackward<T, W>(dy, strideDy, x, strideX, dx, strideDx, rows, columns, f); \
    }
FOR_DTYPES(ACTIVATION)

// ---- dropout: SplitMix64 gives 64 bits for each pair of elements, as DropoutMask on the host has it

__device__ inline unsigned long long mix(unsigned long long z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

__device__ inline unsigned long long draw(unsigned long long start, Index element) {
    unsigned long long bits = mix(start + (unsigned long long) (element >> 1) * 0x9E3779B97F4A7C15ull);
    return (element & 1) == 0 ? bits & 0xFFFFFFFFull : bits >> 32;
}

// y = x where element row * columns + column of the mask is kept, times scale; else 0
template <class T, int W>
__device__ inline void dropout(
        const T* x,
        Index strideX,
        T* y,
        Index strideY,
        Index rows,
        Index columns,
        unsigned long long start,
        unsigned long long threshold,
        float scale) {
    Index row, column;
    if (cell<W>(rows, columns, row, column)) {
        float v[W];
        load<T, W>(x + row * strideX + column, v);
        for (int i = 0; i < W; i++) {
            v[i] = draw(start, row * columns + column + i) >= threshold ? v[i] * scale : 0.0f;
        }
        store<T, W>(y + row * strideY + column, v);
    }
}

#define DROPOUT(NAME, T, W) \
    KERNEL dropout_##NAME##_##W( \
            const T* x, \
            Index strideX, \
            T* y, \
            Index strideY, \
            Index rows, \
            Index columns, \
            unsigned long long start, \
            unsigned long long threshold, \
            float scale) { \
        dropout<T, W>(x, strideX, y, strideY, rows, columns, start, threshold, scale); \
    }
FOR_DTYPES(DROPOUT)

// ---- factors of columns

// u[row, i] *= factors[row / tokens * toNextExample + i]
template <class T, int W>
__device__ inline void scaleColumns(
        T* u, Index stride, Index rows, Index columns, const float* factors, Index tokens, Index toNextExample) {
    Index row, column;
    if (cell<W>(rows, columns, row, column)) {
        float v[W], factor[W];
        load<T, W>(u + row * stride + column, v);
        load<float, W>(factors + row / tokens * toNextExample + column, factor);
        for (int i = 0; i < W; i++) {
            v[i] *= factor[i];
        }
        store<T, W>(u + row * stride + column, v);
    }
}

#define SCALE_COLUMNS(NAME, T, W) \
    KERNEL scale_columns_##NAME##_##W( \
            T* u, Index stride, Index rows, Index columns, const float* factors, Index tokens, Index toNextExample) { \
        scaleColumns<T, W>(u, stride, rows, columns, factors, tokens, toNextExample); \
    }
FOR_DTYPES(SCALE_COLUMNS)
