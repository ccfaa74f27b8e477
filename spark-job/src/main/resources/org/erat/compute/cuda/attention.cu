// What lies between the products of an attention: the softmax over the keys in use, and where the heads' matrices are.
#include "common.cuh"

__device__ inline bool isSeen(Index key, Index first, Index end, Index own) {
    return (key >= first && key < end) || key == own;
}

// Row (b * heads + a) * tokens + t of scores and weights [B*A*T, T] is query t of head a of example b. Weights of
// padding keys and of padding queries are zero, and so are those of keys that are more than `before` places before a query,
// or more than `after` behind it: 0 in a causal attention. Where from and to [B*T] are given, query t of example b sees the
// keys from[b * tokens + t] to to[b * tokens + t] - 1, and its own.
// Scores are f32, whatever the dtype of the weights: rounded to bf16 they would err by as much as a weight of one percent. In f32 both may be the same memory.
template <class T, int W>
__device__ inline void softmax(
        const float* scores,
        T* weights,
        const int* lengths,
        Index rows,
        Index tokens,
        Index heads,
        Index before,
        Index after,
        const int* from,
        const int* to) {
    Index row = rowOfWarp();
    if (row >= rows) {
        return;
    }
    Index length = lengths[row / (heads * tokens)];
    Index query = row % tokens;
    bool padding = query >= length;
    Index first = 0;
    if (!padding) {
        length = query + after < length ? query + after + 1 : length;
        first = query > before ? query - before : 0;
    }
    Index own = -1;
    if (to != 0 && !padding) {
        Index token = row / (heads * tokens) * tokens + query;
        first = from[token];
        length = to[token];
        own = query;
    }
    Index end = length > own ? length : own + 1;
    scores += row * tokens;
    weights += row * tokens;
    float largest = __uint_as_float(0xFF800000u); // minus infinity
    for (Index c = lane() * W; c < end; c += WARP * W) {
        float v[W];
        load<float, W>(scores + c, v);
        for (int i = 0; i < W; i++) {
            largest = isSeen(c + i, first, length, own) ? fmaxf(largest, v[i]) : largest;
        }
    }
    largest = maximumOfWarp(largest);
    float sum = 0.0f;
    for (Index c = lane() * W; c < end; c += WARP * W) {
        float v[W];
        load<float, W>(scores + c, v);
        for (int i = 0; i < W; i++) {
            sum += isSeen(c + i, first, length, own) ? expf(v[i] - largest) : 0.0f;
        }
    }
    float factor = 1.0f / sumOfWarp(sum);
    for (Index c = lane() * W; c < tokens; c += WARP * W) {
        float v[W];
        load<float, W>(scores + c, v);
        for (int i = 0; i < W; i++) {
            v[i] = !padding && isSeen(c + i, first, length, own) ? expf(v[i] - largest) * factor : 0.0f;
        }
        store<T, W>(weights + c, v);
    }
}

// dScores = weights * (dWeights - sum(weights * dWeights)), in the place of dWeights
template <class T, int W>
__device__ inline void softmaxBackward(const T* weights, T* gradient, Index rows, Index tokens) {
    Index row = rowOfWarp();
    if (row >= rows) {
        return;
    }
    weights += row * tokens;
    gradient += row * tokens;
    float sum = 0.0f;
    for (Index c = lane() * W; c < tokens; c += WARP * W) {
        float w[W], d[W];
        load<T, W>(weights + c, w);
        load<T, W>(gradient + c, d);
        for (int i = 0; i < W; i++) {
            sum += w[i] * d[i];
        }
    }
    sum = sumOfWarp(sum);
    for (Index c = lane() * W; c < tokens; c += WARP * W) {
        float w[W], d[W];
        load<T, W>(weights + c, w);
        load<T, W>(gradient + c, d);
        for (int i = 0; i < W; i++) {
            d[i] = w[i] * (d[i] - sum);
        }
        store<T, W>(gradient + c, d);
    }
}

#define SOFTMAX(NAME, T, W) \
    KERNEL softmax_##NAME##_##W( \
            const float* scores, \
            T* weights, \
            const int* lengths, \
            Index rows, \
            Index tokens, \
            Index heads, \
            Index before, \
            Index after, \
            const int* from, \
            const int* to) { \
        softmax<T, W>(scores, weights, lengths, rows, tokens, heads, before, after, from, to); \
    } \
    KERNEL softmax_backward_##NAME##_##W(const T* weights, T* gradient, Index rows, Index tokens) { \
        softmaxBackward<T, W>(weights, gradient, rows, tokens); \
    }
FOR_DTYPES(SOFTMAX)

// Where the matrices of every example and head start, for three operands one after the other: distances are in bytes.
KERNEL addresses(
        long long* result,
        Index examples,
        Index heads,
        long long a,
        Index exampleA,
        Index headA,
        long long b,
        Index exampleB,
        Index headB,
        long long c,
        Index exampleC,
        Index headC) {
    Index count = examples * heads;
    Index i = (Index) blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count) {
        Index example = i / heads;
        Index head = i % heads;
        result[i] = a + example * exampleA + head * headA;
        result[count + i] = b + example * exampleB + head * headB;
        result[2 * count + i] = c + example * exampleC + head * headC;
    }
}
