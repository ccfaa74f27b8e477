// Attention that never writes its weights: FlashAttention-2 (arXiv 2307.08691). A block of four warps has some rows of
// one head of one example, each warp M times 16 of them, kept in registers; tiles of the other side pass through shared
// memory. Scores, weights and sums stay in registers, in f32; operands of products are bf16.
//
// Forward keeps log2(sum(2^(score * LOG2E))) of every query, [B*A*T]. Backward is two kernels, of queries and of keys:
// each writes only the rows that it owns, so nothing is added in the order of arrival, at the price of forming the
// scores twice.
//
// q, k and v of head a are columns a*D.. of the thirds of qkv [N, 3*A*D]. Rows beyond lengths[b] are never read; they are
// zero in all results.
#include "tiles.cuh"

// M times 16 queries, and where their sums over the keys stand.
template <int D, int M>
struct Attended {
    float y[M][D / 8][4];
    float largest[M][2];
    float sum[M][2];
};

// Adds the keys of a tile, given their scores: what was summed relative to a smaller maximum is scaled down.
template <int D, int M, int KEYS>
__device__ inline void addKeys(
        Attended<D, M>& all, float (&scores)[M][KEYS / 8][4], const Tile<D, KEYS>& values, float scale) {
#pragma unroll
    for (int m = 0; m < M; m++) {
#pragma unroll
        for (int half = 0; half < 2; half++) {
            float largest = all.largest[m][half];
#pragma unroll
            for (int n = 0; n < KEYS / 8; n++) {
                largest = fmaxf(largest, fmaxf(scores[m][n][2 * half], scores[m][n][2 * half + 1]));
            }
            largest = maximumOfRow(largest);
            float shrink = powerOfTwo((all.largest[m][half] - largest) * scale);
            float sum = 0.0f;
#pragma unroll
            for (int n = 0; n < KEYS / 8; n++) {
#pragma unroll
                for (int i = 2 * half; i < 2 * half + 2; i++) {
                    scores[m][n][i] = powerOfTwo(scores[m][n][i] * scale - largest * scale);
                    sum += scores[m][n][i];
                }
            }
            all.largest[m][half] = largest;
            all.sum[m][half] = all.sum[m][half] * shrink + sum;
#pragma unroll
            for (int n = 0; n < D / 8; n++) {
                all.y[m][n][2 * half] *= shrink;
                all.y[m][n][2 * half + 1] *= shrink;
            }
        }
    }
    multiply<D, M, KEYS / 8, KEYS>(all.y, scores, values, 0);
}

template <int D, int M, int KEYS>
__device__ inline void attention(
        const bf16* qkv,
        Index strideQkv,
        bf16* y,
        Index strideY,
        float* logs,
        const int* lengths,
        int tokens,
        int heads,
        float scale) {
    Share own = share<WARPS * 16 * M>(lengths, tokens, heads);
    y += own.example * tokens * strideY + own.head * D;
    if (own.first >= own.length) {
        clearRows<D, WARPS * 16 * M>(y, strideY, own.first, tokens);
        return;
    }
    const bf16* queries = qkv + own.example * tokens * strideQkv + own.head * D;
    const bf16* keys = queries + (Index) heads * D;
    const bf16* values = keys + (Index) heads * D;
    int mine = rowsOfWarp<M>(own);
    unsigned int q[M][D / 16][4];
    loadRows<D, M>(q, queries, strideQkv, mine, own.length);
    const float infinity = __uint_as_float(0x7F800000u);
    Attended<D, M> all = {};
    for (int m = 0; m < M; m++) {
        all.largest[m][0] = all.largest[m][1] = -infinity;
    }
    scale *= LOG2E;

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
                float scores[M][KEYS / 8][4] = {};
                multiplyTransposed<D, M, KEYS / 8, KEYS>(scores, q, keyTile, 0);
                if (first + KEYS > own.length) {
#pragma unroll
                    for (int n = 0; n < KEYS / 8; n++) {
#pragma unroll
                        for (int i = 0; i < 4; i++) {
                            bool padding = first + columnOf(n, i) >= own.length;
#pragma unroll
                            for (int m = 0; m < M; m++) {
                                scores[m][n][i] = padding ? -infinity : scores[m][n][i];
                            }
                        }
                    }
                }
                addKeys<D, M, KEYS>(all, scores, valueTile, scale);
            });

    float inverse[M][2];
#pragma unroll
    for (int m = 0; m < M; m++) {
#pragma unroll
        for (int half = 0; half < 2; half++) {
            int row = mine + 16 * m + 8 * half + lane() / 4;
            float sum = sumOfRow(all.sum[m][half]);
            inverse[m][half] = 1.0f / sum;
            if (row < own.length && lane() % 4 == 0) {
                logs[own.firstQuery + row] = all.largest[m][half] * scale + log2f(sum);
            }
        }
    }
    storeRows<D, M>(y, strideY, all.y, inverse, mine, own.length, tokens);
}

// M is as large as registers allow: with each 16 rows more of a warp a tile that was read serves more products. The
// host counts blocks by 64 * M.
#define ATTENTION(D, M, KEYS) \
    ATTENTION_KERNEL attention_##D( \
            const bf16* qkv, \
            Index strideQkv, \
            bf16* y, \
            Index strideY, \
            float* logs, \
            const int* lengths, \
            int tokens, \
            int heads, \
            float scale) { \
        attention<D, M, KEYS>(qkv, strideQkv, y, strideY, logs, lengths, tokens, heads, scale); \
    }
ATTENTION(32, 2, 64)
ATTENTION(64, 2, 64)
ATTENTION(128, 1, 32)
