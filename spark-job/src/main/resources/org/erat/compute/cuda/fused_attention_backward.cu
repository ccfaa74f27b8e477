// The backward pass of fused_attention.cu.
#include "tiles.cuh"

// With P = 2^(scores - logs): dS = P * (dy * v^T - delta), delta = sum(dy * y) of a query; dq = dS * k * scale. Keeps
// delta for the kernel of keys, which comes next in the stream.
template <int D, int M, int KEYS, int SLICE>
__device__ inline void attentionBackwardOfQueries(
        const bf16* qkv,
        Index strideQkv,
        const bf16* y,
        Index strideY,
        const bf16* dy,
        Index strideDy,
        const float* logs,
        float* deltas,
        bf16* dqkv,
        Index strideDqkv,
        const int* lengths,
        int tokens,
        int heads,
        float scale) {
    Share own = share<WARPS * 16 * M>(lengths, tokens, heads);
    Index firstRow = own.example * tokens;
    bf16* dQueries = dqkv + firstRow * strideDqkv + own.head * D;
    if (own.first >= own.length) {
        clearRows<D, WARPS * 16 * M>(dQueries, strideDqkv, own.first, tokens);
        return;
    }
    const bf16* queries = qkv + firstRow * strideQkv + own.head * D;
    const bf16* keys = queries + (Index) heads * D;
    const bf16* values = keys + (Index) heads * D;
    int mine = rowsOfWarp<M>(own);
    unsigned int q[M][D / 16][4], g[M][D / 16][4];
    loadRows<D, M>(q, y + firstRow * strideY + own.head * D, strideY, mine, own.length);
    loadRows<D, M>(g, dy + firstRow * strideDy + own.head * D, strideDy, mine, own.length);
    float log[M][2], delta[M][2];
#pragma unroll
    for (int m = 0; m < M; m++) {
#pragma unroll
        for (int half = 0; half < 2; half++) {
            int row = mine + 16 * m + 8 * half + lane() / 4;
            float sum = 0.0f;
#pragma unroll
            for (int k = 0; k < D / 16; k++) {
#pragma unroll
                for (int i = half; i < 4; i += 2) {
                    sum += lower(q[m][k][i]) * lower(g[m][k][i]) + upper(q[m][k][i]) * upper(g[m][k][i]);
                }
            }
            delta[m][half] = sumOfRow(sum);
            log[m][half] = row < own.length ? logs[own.firstQuery + row] : 0.0f;
            if (row < own.length && lane() % 4 == 0) {
                deltas[own.firstQuery + row] = delta[m][half];
            }
        }
    }
    loadRows<D, M>(q, queries, strideQkv, mine, own.length);
    float dq[M][D / 8][4] = {};

    forEachTile<D, KEYS>(
            keys,
            strideQkv,
            values,
            strideQkv,
            own.length,
            [&](const Tile<D, KEYS>& keyTile, const Tile<D, KEYS>& valueTile, int first) {
                if (mine >= own.length) {
                    return;
                }
#pragma unroll 1
                for (int slice = 0; slice < KEYS; slice += SLICE) {
                    float scores[M][SLICE / 8][4] = {}, gradient[M][SLICE / 8][4] = {};
                    multiplyTransposed<D, M, SLICE / 8, KEYS>(scores, q, keyTile, slice);
                    multiplyTransposed<D, M, SLICE / 8, KEYS>(gradient, g, valueTile, slice);
#pragma unroll
                    for (int n = 0; n < SLICE / 8; n++) {
#pragma unroll
                        for (int i = 0; i < 4; i++) {
                            bool padding = first + slice + columnOf(n, i) >= own.length;
#pragma unroll
                            for (int m = 0; m < M; m++) {
                                float weight = powerOfTwo(scores[m][n][i] * (scale * LOG2E) - log[m][i / 2]);
                                gradient[m][n][i] = padding ? 0.0f : weight * (gradient[m][n][i] - delta[m][i / 2]);
                            }
                        }
                    }
                    multiply<D, M, SLICE / 8, KEYS>(dq, gradient, keyTile, slice);
                }
            });

    float factor[M][2];
#pragma unroll
    for (int m = 0; m < M; m++) {
        factor[m][0] = factor[m][1] = scale;
    }
    storeRows<D, M>(dQueries, strideDqkv, dq, factor, mine, own.length, tokens);
}

// Transposed, a row for each key: dv = P^T * dy, dk = dS^T * q * scale.
template <int D, int M, int QUERIES, int SLICE>
__device__ inline void attentionBackwardOfKeys(
        const bf16* qkv,
        Index strideQkv,
        const bf16* dy,
        Index strideDy,
        const float* logs,
        const float* deltas,
        bf16* dqkv,
        Index strideDqkv,
        const int* lengths,
        int tokens,
        int heads,
        float scale) {
    Share own = share<WARPS * 16 * M>(lengths, tokens, heads);
    Index firstRow = own.example * tokens;
    bf16* dKeys = dqkv + firstRow * strideDqkv + (heads + own.head) * D;
    bf16* dValues = dKeys + (Index) heads * D;
    if (own.first >= own.length) {
        clearRows<D, WARPS * 16 * M>(dKeys, strideDqkv, own.first, tokens);
        clearRows<D, WARPS * 16 * M>(dValues, strideDqkv, own.first, tokens);
        return;
    }
    const bf16* queries = qkv + firstRow * strideQkv + own.head * D;
    const bf16* keys = queries + (Index) heads * D;
    const bf16* values = keys + (Index) heads * D;
    logs += own.firstQuery;
    deltas += own.firstQuery;
    int mine = rowsOfWarp<M>(own);
    unsigned int k[M][D / 16][4], v[M][D / 16][4];
    loadRows<D, M>(k, keys, strideQkv, mine, own.length);
    loadRows<D, M>(v, values, strideQkv, mine, own.length);
    float dk[M][D / 8][4] = {}, dv[M][D / 8][4] = {};

    forEachTile<D, QUERIES>(
            queries,
            strideQkv,
            dy + firstRow * strideDy + own.head * D,
            strideDy,
            own.length,
            [&](const Tile<D, QUERIES>& queryTile, const Tile<D, QUERIES>& dyTile, int first) {
                if (mine >= own.length) {
                    return;
                }
#pragma unroll 1
                for (int slice = 0; slice < QUERIES; slice += SLICE) {
                    float weights[M][SLICE / 8][4] = {}, gradient[M][SLICE / 8][4] = {};
                    multiplyTransposed<D, M, SLICE / 8, QUERIES>(weights, k, queryTile, slice);
                    multiplyTransposed<D, M, SLICE / 8, QUERIES>(gradient, v, dyTile, slice);
#pragma unroll
                    for (int n = 0; n < SLICE / 8; n++) {
#pragma unroll
                        for (int i = 0; i < 2; i++) {
                            // Beyond the last query dy and delta are zero, so that any finite weight adds nothing.
                            int query = first + slice + columnOf(n, i);
                            bool padding = query >= own.length;
                            float log = padding ? 0.0f : logs[query];
                            float delta = padding ? 0.0f : deltas[query];
#pragma unroll
                            for (int m = 0; m < M; m++) {
#pragma unroll
                                for (int j = i; j < 4; j += 2) {
                                    float& weight = weights[m][n][j];
                                    weight = powerOfTwo(weight * (scale * LOG2E) - log);
                                    gradient[m][n][j] = weight * (gradient[m][n][j] - delta);
                                }
                            }
                        }
                    }
                    multiply<D, M, SLICE / 8, QUERIES>(dv, weights, dyTile, slice);
                    multiply<D, M, SLICE / 8, QUERIES>(dk, gradient, queryTile, slice);
                }
            });

    float factor[M][2], one[M][2];
#pragma unroll
    for (int m = 0; m < M; m++) {
        factor[m][0] = factor[m][1] = scale;
        one[m][0] = one[m][1] = 1.0f;
    }
    storeRows<D, M>(dKeys, strideDqkv, dk, factor, mine, own.length, tokens);
    storeRows<D, M>(dValues, strideDqkv, dv, one, mine, own.length, tokens);
}

// Scores are formed for SLICE columns of a tile at a time, which is what registers have room for beside the sums.
#define ATTENTION_BACKWARD(D, M, ROWS, SLICE) \
    ATTENTION_KERNEL attention_backward_of_queries_##D( \
            const bf16* qkv, \
            Index strideQkv, \
            const bf16* y, \
            Index strideY, \
            const bf16* dy, \
            Index strideDy, \
            const float* logs, \
            float* deltas, \
            bf16* dqkv, \
            Index strideDqkv, \
            const int* lengths, \
            int tokens, \
            int heads, \
            float scale) { \
        attentionBackwardOfQueries<D, M, ROWS, SLICE>( \
                qkv, \
                strideQkv, \
                y, \
                strideY, \
                dy, \
                strideDy, \
                logs, \
                deltas, \
                dqkv, \
                strideDqkv, \
                lengths, \
                tokens, \
                heads, \
                scale); \
    } \
    ATTENTION_KERNEL attention_backward_of_keys_##D( \
            const bf16* qkv, \
            Index strideQkv, \
            const bf16* dy, \
            Index strideDy, \
            const float* logs, \
            const float* deltas, \
            bf16* dqkv, \
            Index strideDqkv, \
            const int* lengths, \
            int tokens, \
            int heads, \
            float scale) { \
        attentionBackwardOfKeys<D, M, ROWS, SLICE>( \
                qkv, strideQkv, dy, strideDy, logs, deltas, dqkv, strideDqkv, lengths, tokens, heads, scale); \
    }
ATTENTION_BACKWARD(32, 2, 64, 16)
ATTENTION_BACKWARD(64, 2, 64, 16)
ATTENTION_BACKWARD(128, 1, 32, 16)
