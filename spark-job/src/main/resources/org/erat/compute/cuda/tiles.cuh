// Products of bf16 matrices by the warps of a block, of tiles that pass through shared memory: what the kernels of an
// attention have in common. From compute capability 8.0 on; below it they compile and are never run.
#pragma once
#include "common.cuh"

// A warp multiplies [16, 16] by [16, 8] of bf16 and adds to [16, 8] of f32. Its operands lie in the registers of its
// lanes as in "Matrix Fragments for mma.m16n8k16 with floating point type" of NVIDIA's PTX ISA. With g = lane / 4 and
// t = lane % 4, two neighbouring elements to a register, the lower one first:
//   left     a[0] row g      columns 2t, 2t+1    a[1] row g+8, the same    a[2], a[3] the same of columns 2t+8, 2t+9
//   right    b0   rows 2t, 2t+1 of column g      b1   rows 2t+8, 2t+9 of column g
//   result   c[0], c[1] row g, columns 2t, 2t+1  c[2], c[3] row g+8, the same

// 8 elements of bf16: what a lane names and a thread copies at once.
struct alignas(16) Chunk {
    unsigned int pair[4];
};

#ifdef __CUDACC__

__device__ inline void multiplyAdd(float (&c)[4], const unsigned int (&a)[4], unsigned int b0, unsigned int b1) {
#if __CUDA_ARCH__ >= 800
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
        "{%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
#endif
}

// Four [8, 8] matrices of bf16 from shared memory: lane 8i + r names row r of matrix i, and receives of each matrix the
// elements 2t and 2t+1 of row g.
__device__ inline void loadMatrices(unsigned int (&x)[4], const Chunk* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(x[0]), "=r"(x[1]), "=r"(x[2]), "=r"(x[3])
                 : "r"((unsigned int) __cvta_generic_to_shared(row)));
}

// The same of the transposed matrices: elements 2t and 2t+1 of column g.
__device__ inline void loadTransposed(unsigned int (&x)[4], const Chunk* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(x[0]), "=r"(x[1]), "=r"(x[2]), "=r"(x[3])
                 : "r"((unsigned int) __cvta_generic_to_shared(row)));
}

// Begins to copy to shared memory; where `inside` is false nothing is read, and zeros arrive.
__device__ inline void copyAsync(Chunk* to, const void* from, bool inside) {
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"((unsigned int) __cvta_generic_to_shared(to)),
                 "l"(from),
                 "r"(inside ? 16 : 0));
#endif
}

// Waits for all copies that this thread has begun.
__device__ inline void awaitCopies() {
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.wait_all;" ::: "memory");
#endif
}

// Two elements of bf16, rounded as by assign.
__device__ inline unsigned int packed(float low, float high) {
    unsigned int both = 0;
#if __CUDA_ARCH__ >= 800
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(high), "f"(low));
#endif
    return both;
}

// 2^x to a relative error of 2^-22; zero for minus infinity.
__device__ inline float powerOfTwo(float x) {
    float power;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(x));
    return power;
}

#endif

const int WARPS = 4;
const int THREADS = WARPS * WARP;
const float LOG2E = 1.44269504088896341f;

#define ATTENTION_KERNEL extern "C" __global__ void __launch_bounds__(THREADS)

// ---- operands

// Rows of D elements in shared memory. The chunk at their end is never used: with it eight rows of a column of chunks
// lie in different banks.
template <int D, int ROWS>
struct Tile {
    Chunk at[ROWS][D / 8 + 1];
};

// The elements of a pair.
__device__ inline float lower(unsigned int pair) {
    return __uint_as_float(pair << 16);
}

__device__ inline float upper(unsigned int pair) {
    return __uint_as_float(pair & 0xFFFF0000u);
}

// Rows of a matrix [., D] as left operands. Zero beyond length.
template <int D, int M>
__device__ inline void loadRows(
        unsigned int (&a)[M][D / 16][4], const bf16* from, Index stride, int first, int length) {
#pragma unroll
    for (int m = 0; m < M; m++) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            int row = first + 16 * m + 8 * (i % 2) + lane() / 4;
            const bf16* start = from + row * stride + 8 * (i / 2) + 2 * (lane() % 4);
#pragma unroll
            for (int k = 0; k < D / 16; k++) {
                a[m][k][i] = row < length ? *reinterpret_cast<const unsigned int*>(start + 16 * k) : 0;
            }
        }
    }
}

// c += a * tile^T for the 8 * N rows of the tile from `first` on.
template <int D, int M, int N, int ROWS>
__device__ inline void multiplyTransposed(
        float (&c)[M][N][4], const unsigned int (&a)[M][D / 16][4], const Tile<D, ROWS>& tile, int first) {
#pragma unroll
    for (int n = 0; n < N; n += 2) {
        const Chunk* row = &tile.at[first + 8 * n + lane() / 16 * 8 + lane() % 8][lane() / 8 % 2];
#pragma unroll
        for (int k = 0; k < D / 16; k++) {
            unsigned int b[4];
            loadMatrices(b, row + 2 * k);
#pragma unroll
            for (int m = 0; m < M; m++) {
                multiplyAdd(c[m][n], a[m][k], b[0], b[1]);
                multiplyAdd(c[m][n + 1], a[m][k], b[2], b[3]);
            }
        }
    }
}

// c += x * tile for the 8 * N rows of the tile from `first` on; x is rounded to bf16. A result of one product is a left
// operand of the next one in the same registers.
template <int D, int M, int N, int ROWS>
__device__ inline void multiply(
        float (&c)[M][D / 8][4], const float (&x)[M][N][4], const Tile<D, ROWS>& tile, int first) {
#pragma unroll
    for (int n = 0; n < N; n += 2) {
        unsigned int a[M][4];
#pragma unroll
        for (int m = 0; m < M; m++) {
            a[m][0] = packed(x[m][n][0], x[m][n][1]);
            a[m][1] = packed(x[m][n][2], x[m][n][3]);
            a[m][2] = packed(x[m][n + 1][0], x[m][n + 1][1]);
            a[m][3] = packed(x[m][n + 1][2], x[m][n + 1][3]);
        }
        const Chunk* row = &tile.at[first + 8 * n + lane() % 16][lane() / 16];
#pragma unroll
        for (int d = 0; d < D / 8; d += 2) {
            unsigned int b[4];
            loadTransposed(b, row + d);
#pragma unroll
            for (int m = 0; m < M; m++) {
                multiplyAdd(c[m][d], a[m], b[0], b[1]);
                multiplyAdd(c[m][d + 1], a[m], b[2], b[3]);
            }
        }
    }
}

// Column of element i of result n of a product.
__device__ inline int columnOf(int n, int i) {
    return 8 * n + 2 * (lane() % 4) + i % 2;
}

// Over the four lanes that have a row of a result.
__device__ inline float sumOfRow(float x) {
    x += __shfl_xor_sync(0xFFFFFFFFu, x, 1);
    return x + __shfl_xor_sync(0xFFFFFFFFu, x, 2);
}

__device__ inline float maximumOfRow(float x) {
    x = fmaxf(x, __shfl_xor_sync(0xFFFFFFFFu, x, 1));
    return fmaxf(x, __shfl_xor_sync(0xFFFFFFFFu, x, 2));
}

// to = x * factor, rounded; rows from length on are zero.
template <int D, int M>
__device__ inline void storeRows(
        bf16* to,
        Index stride,
        const float (&x)[M][D / 8][4],
        const float (&factor)[M][2],
        int first,
        int length,
        int tokens) {
#pragma unroll
    for (int m = 0; m < M; m++) {
#pragma unroll
        for (int half = 0; half < 2; half++) {
            int row = first + 16 * m + 8 * half + lane() / 4;
            if (row < tokens) {
                bool inside = row < length;
#pragma unroll
                for (int n = 0; n < D / 8; n++) {
                    float low = x[m][n][2 * half] * factor[m][half];
                    float high = x[m][n][2 * half + 1] * factor[m][half];
                    *reinterpret_cast<unsigned int*>(to + row * stride + columnOf(n, 0)) =
                            inside ? packed(low, high) : 0;
                }
            }
        }
    }
}

// The rows of a block of which all are padding.
template <int D, int ROWS>
__device__ inline void clearRows(bf16* to, Index stride, int first, int tokens) {
    for (int i = threadIdx.x; i < ROWS * (D / 8); i += THREADS) {
        int row = first + i / (D / 8);
        if (row < tokens) {
            *reinterpret_cast<Chunk*>(to + row * stride + i % (D / 8) * 8) = Chunk{};
        }
    }
}

// ---- tiles

template <int D, int ROWS>
__device__ inline void fetch(Tile<D, ROWS>& tile, const bf16* from, Index stride, int first, int length) {
#pragma unroll 1
    for (int i = threadIdx.x; i < ROWS * (D / 8); i += THREADS) {
        int row = i / (D / 8);
        int chunk = i % (D / 8);
        bool inside = first + row < length;
        copyAsync(&tile.at[row][chunk], from + (inside ? first + row : 0) * stride + 8 * chunk, inside);
    }
}

// Passes the first `length` rows of two matrices [., D] to `use(tile of x, tile of y, first row)`, ROWS at a time: while
// one pair of tiles is used the next one is on its way. Zeros follow the last row.
template <int D, int ROWS, class Use>
__device__ inline void forEachTile(
        const bf16* x, Index strideX, const bf16* y, Index strideY, int length, Use use) {
    __shared__ Tile<D, ROWS> tiles[2][2];
    fetch(tiles[0][0], x, strideX, 0, length);
    fetch(tiles[0][1], y, strideY, 0, length);
    for (int first = 0, turn = 0; first < length; first += ROWS, turn = 1 - turn) {
        awaitCopies();
        __syncthreads();
        if (first + ROWS < length) {
            fetch(tiles[1 - turn][0], x, strideX, first + ROWS, length);
            fetch(tiles[1 - turn][1], y, strideY, first + ROWS, length);
        }
        use(tiles[turn][0], tiles[turn][1], first);
    }
}

// ---- heads

// What a block works on: rows first, first + 1, ... of one head of one example.
struct Share {
    Index example;
    Index head;
    Index firstQuery; // of this head in [B*A*T]
    int first;
    int length;
};

template <int ROWS>
__device__ inline Share share(const int* lengths, int tokens, int heads) {
    int shares = (tokens + ROWS - 1) / ROWS;
    Index pair = blockIdx.x / shares;
    Share own;
    own.example = pair / heads;
    own.head = pair % heads;
    own.firstQuery = pair * tokens;
    own.first = (int) (blockIdx.x % shares) * ROWS;
    own.length = lengths[own.example];
    return own;
}

// The first row of the warp of this thread.
template <int M>
__device__ inline int rowsOfWarp(const Share& own) {
    return own.first + (int) threadIdx.x / WARP * 16 * M;
}
