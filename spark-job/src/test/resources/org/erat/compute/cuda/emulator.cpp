// The kernels of the job, their threads, and the products that cuBLAS would do, behind calls from Java. The calls have
// arguments of plain types only, so that no header of Java's is needed.
#include "emulator.h"

#include <setjmp.h>
#include <ucontext.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "attention.cu"
#include "decode.cu"
#include "elementwise.cu"
#include "fragments.cu"
#include "fused_attention.cu"
#include "fused_attention_backward.cu"
#include "norms.cu"
#include "optimizer.cu"
#include "tokens.cu"

Dimensions threadIdx, blockIdx, blockDim;

namespace {

// ---- kernels by number

struct Kernel {
    const char* name;
    void (*function)();
    void (*call)(void (*)(), void**);
};

template <class... A, std::size_t... I>
void callWith(void (*function)(), void** arguments, std::index_sequence<I...>) {
    reinterpret_cast<void (*)(A...)>(function)(*static_cast<A*>(arguments[I])...);
}

template <class... A>
Kernel kernel(const char* name, void (*function)(A...)) {
    return {name, reinterpret_cast<void (*)()>(function), [](void (*f)(), void** arguments) {
                callWith<A...>(f, arguments, std::index_sequence_for<A...>{});
            }};
}

const std::vector<Kernel> KERNELS = {
#include "table.inc"
};

// ---- threads

const unsigned int LANES = 32;
const std::size_t STACK = 64 * 1024;

// Where threads wait for each other.
struct Meeting {
    unsigned int arrived = 0;
    unsigned long number = 0;
};

// What a lane brings to a product.
struct Operands {
    float* c;
    const unsigned int* a;
    unsigned int b[2];
};

struct Warp {
    Meeting meeting;
    float values[2][LANES];
    const unsigned short* rows[2][LANES];
    Operands operands[LANES];
};

// A copy that has begun.
struct Copy {
    Chunk* to;
    Chunk value;
};

// It begins in its context. After that it goes on in its place, which needs no call of the system.
struct Fiber {
    ucontext_t context;
    jmp_buf place;
    bool begun = false;
    std::unique_ptr<char[]> stack{new char[STACK]};
    bool done = true;
    unsigned long meetings = 0;
    std::vector<Copy> copies;
};

// Thrown where a thread that runs alone wants to meet others.
struct NotAlone {};

jmp_buf scheduler;
std::vector<std::unique_ptr<Fiber>> fibers;
std::vector<Warp> warps;
Meeting block;
const Kernel* running;
void** parameters;
unsigned int current;
bool progress;
bool fibersRun;
bool met;

__attribute__((noinline)) void yield() {
    if (_setjmp(fibers[current]->place) == 0) {
        _longjmp(scheduler, 1);
    }
}

// Runs a fiber until it yields.
__attribute__((noinline)) void resume(Fiber& fiber) {
    if (_setjmp(scheduler) == 0) {
        if (fiber.begun) {
            _longjmp(fiber.place, 1);
        }
        fiber.begun = true;
        setcontext(&fiber.context);
    }
}

// A fiber serves one thread after the other.
void serve() {
    for (;;) {
        running->call(running->function, parameters);
        fibers[current]->done = true;
        yield();
    }
}

void provideFibers(unsigned int count) {
    while (fibers.size() < count) {
        fibers.push_back(std::make_unique<Fiber>());
        Fiber& fiber = *fibers.back();
        getcontext(&fiber.context);
        fiber.context.uc_stack.ss_sp = fiber.stack.get();
        fiber.context.uc_stack.ss_size = STACK;
        makecontext(&fiber.context, serve, 0);
    }
}

// False where threads wait for others that have ended.
bool runBlock(bool backwards) {
    unsigned int threads = blockDim.x;
    warps.assign(threads / LANES, Warp());
    block = Meeting();
    for (unsigned int i = 0; i < threads; i++) {
        fibers[i]->done = false;
        fibers[i]->meetings = 0;
        fibers[i]->copies.clear();
    }
    for (unsigned int left = threads; left > 0;) {
        progress = false;
        left = 0;
        for (unsigned int i = 0; i < threads; i++) {
            current = backwards ? threads - 1 - i : i;
            Fiber& fiber = *fibers[current];
            if (!fiber.done) {
                threadIdx.x = current;
                resume(fiber);
                progress |= fiber.done;
                left += fiber.done ? 0 : 1;
            }
        }
        if (left > 0 && !progress) {
            return false;
        }
    }
    return true;
}

// How many threads were done when one wanted to meet others; all of them where none did.
unsigned int runAlone(bool backwards) {
    for (unsigned int i = 0; i < blockDim.x; i++) {
        threadIdx.x = backwards ? blockDim.x - 1 - i : i;
        try {
            running->call(running->function, parameters);
        } catch (const NotAlone&) {
            return i;
        }
    }
    return blockDim.x;
}

// The last of `count` threads does the work, which sees what all of them brought; then all go on.
template <class Work>
void meet(Meeting& meeting, unsigned int count, Work work) {
    progress = true;
    if (++meeting.arrived == count) {
        work();
        meeting.arrived = 0;
        meeting.number++;
    } else {
        for (unsigned long before = meeting.number; before == meeting.number;) {
            yield();
        }
    }
}

// This thread's, before it meets others.
Fiber& fiberToMeet() {
    met = true;
    if (!fibersRun) {
        throw NotAlone();
    }
    return *fibers[current];
}

// ---- products of a warp, by the formulas of NVIDIA's PTX ISA, "Matrix Fragments for mma.m16n8k16"

float half(const unsigned int* registers, unsigned int i) {
    return i % 2 == 0 ? lower(registers[i / 2]) : upper(registers[i / 2]);
}

void multiplyAdd(const Operands (&operands)[LANES]) {
    float a[16][16];
    float b[16][8];
    for (unsigned int lane = 0; lane < LANES; lane++) {
        unsigned int groupID = lane >> 2;
        unsigned int threadIDInGroup = lane % 4;
        for (unsigned int i = 0; i < 8; i++) {
            unsigned int row = i < 2 || (4 <= i && i < 6) ? groupID : groupID + 8;
            unsigned int column = threadIDInGroup * 2 + (i & 1) + (i < 4 ? 0 : 8);
            a[row][column] = half(operands[lane].a, i);
        }
        for (unsigned int i = 0; i < 4; i++) {
            b[threadIDInGroup * 2 + (i & 1) + (i < 2 ? 0 : 8)][groupID] = half(operands[lane].b, i);
        }
    }
    for (unsigned int lane = 0; lane < LANES; lane++) {
        for (unsigned int i = 0; i < 4; i++) {
            unsigned int row = (lane >> 2) + (i < 2 ? 0 : 8);
            unsigned int column = lane % 4 * 2 + (i & 1);
            for (unsigned int k = 0; k < 16; k++) {
                operands[lane].c[i] += a[row][k] * b[k][column];
            }
        }
    }
}

void loadMatrices(unsigned int (&x)[4], const Chunk* row, bool transposed) {
    Fiber& fiber = fiberToMeet();
    Warp& warp = warps[current / LANES];
    unsigned int lane = current % LANES;
    const unsigned short** rows = warp.rows[fiber.meetings++ % 2];
    rows[lane] = reinterpret_cast<const unsigned short*>(row);
    meet(warp.meeting, LANES, [] {});
    for (unsigned int i = 0; i < 4; i++) {
        unsigned int pair[2];
        for (unsigned int j = 0; j < 2; j++) {
            unsigned int first = lane / 4;
            unsigned int second = lane % 4 * 2 + j;
            unsigned short bits;
            std::memcpy(&bits, rows[8 * i + (transposed ? second : first)] + (transposed ? first : second), sizeof bits);
            pair[j] = bits;
        }
        x[i] = pair[0] | pair[1] << 16;
    }
}

// ---- elements

float element(bool half, const void* from, int64_t i) {
    return half ? value(static_cast<const bf16*>(from)[i]) : static_cast<const float*>(from)[i];
}

void setElement(bool half, void* to, int64_t i, float x) {
    if (half) {
        assign(static_cast<bf16*>(to)[i], x);
    } else {
        static_cast<float*>(to)[i] = x;
    }
}

// To 10 bits of mantissa, to the nearest and ties away from zero, as PTX's cvt.rna.tf32.f32 does it. NVIDIA does not say
// how cuBLAS rounds.
float toTf32(float x) {
    return __uint_as_float((__float_as_uint(x) + 0x1000u) & 0xFFFFE000u);
}

// ---- what may become of a sum; the numbers are those of the Java side

const int32_t BIAS = 1;
const int32_t GELU_AND_AUXILIARY = 2;
const int32_t GELU_BACKWARD = 3;

// Hendrycks and Gimpel, arXiv 1606.08415: x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).
double gelu(double x) {
    return x / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
}

double geluSlope(double x) {
    double tanh = std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x));
    return (1 + tanh) / 2 + x / 2 * (1 - tanh * tanh) * std::sqrt(2 / M_PI) * (1 + 3 * 0.044715 * x * x);
}

// An operand [rows, columns], by rows.
std::vector<double> operand(
        bool half, bool tf32, const void* x, int64_t rows, int64_t columns, int64_t toNextRow, int64_t toNextColumn) {
    std::vector<double> result(rows * columns);
    for (int64_t i = 0; i < rows; i++) {
        for (int64_t j = 0; j < columns; j++) {
            float value = element(half, x, i * toNextRow + j * toNextColumn);
            result[i * columns + j] = tf32 && std::isfinite(value) ? toTf32(value) : value;
        }
    }
    return result;
}

} // namespace

float __shfl_xor_sync(unsigned int, float x, int distance) {
    Fiber& fiber = fiberToMeet();
    Warp& warp = warps[current / LANES];
    unsigned int lane = current % LANES;
    float* values = warp.values[fiber.meetings++ % 2];
    values[lane] = x;
    meet(warp.meeting, LANES, [] {});
    return values[lane ^ distance];
}

void __syncthreads() {
    fiberToMeet();
    meet(block, blockDim.x, [] {});
}

void multiplyAdd(float (&c)[4], const unsigned int (&a)[4], unsigned int b0, unsigned int b1) {
    fiberToMeet().meetings++;
    Warp& warp = warps[current / LANES];
    warp.operands[current % LANES] = {c, a, {b0, b1}};
    meet(warp.meeting, LANES, [&warp] { multiplyAdd(warp.operands); });
}

void loadMatrices(unsigned int (&x)[4], const Chunk* row) {
    loadMatrices(x, row, false);
}

void loadTransposed(unsigned int (&x)[4], const Chunk* row) {
    loadMatrices(x, row, true);
}

// What is copied arrives no sooner than it is waited for.
void copyAsync(Chunk* to, const void* from, bool inside) {
    Copy copy = {to, {}};
    if (inside) {
        std::memcpy(&copy.value, from, sizeof copy.value);
    }
    fibers[current]->copies.push_back(copy);
}

void awaitCopies() {
    std::vector<Copy>& copies = fibers[current]->copies;
    for (const Copy& copy : copies) {
        std::memcpy(copy.to, &copy.value, sizeof copy.value);
    }
    copies.clear();
}

unsigned int packed(float low, float high) {
    bf16 halves[2];
    assign(halves[0], low);
    assign(halves[1], high);
    return halves[0].bits | (unsigned int) halves[1].bits << 16;
}

extern "C" {

// 0, or 1 where threads do not meet. Where those of a block never meet, as in most kernels, the threads of the next one
// are run one after the other, which is faster; if the first of them wants to meet others it begins again among them.
int32_t Java_org_erat_compute_cuda_Emulator_launch(
        void*, void*, int32_t number, int32_t blocks, int32_t threads, int64_t arguments, int32_t backwards) {
    running = &KERNELS[number];
    parameters = reinterpret_cast<void**>(arguments);
    blockDim.x = threads;
    provideFibers(threads);
    fibersRun = true;
    for (int32_t i = 0; i < blocks; i++) {
        blockIdx.x = backwards ? blocks - 1 - i : i;
        met = false;
        if (fibersRun) {
            if (!runBlock(backwards)) {
                fibers.clear();
                return 1;
            }
        } else {
            unsigned int done = runAlone(backwards);
            fibersRun = done < blockDim.x;
            if (fibersRun && (done > 0 || !runBlock(backwards))) {
                fibers.clear();
                return 1;
            }
        }
        fibersRun = met;
    }
    return 0;
}

// As BLAS has it, matrices by columns; the bias has the dtype of c. Sums in double precision, rounded once. bf16 has
// fewer bits than TF32 and so is left as it is.
void Java_org_erat_compute_cuda_Emulator_gemm(
        void*,
        void*,
        int32_t transposeA,
        int32_t transposeB,
        int64_t m,
        int64_t n,
        int64_t k,
        int32_t halfOperands,
        int32_t halfResult,
        int32_t tf32,
        int64_t a,
        int64_t strideA,
        int64_t b,
        int64_t strideB,
        int64_t c,
        int64_t strideC,
        float alpha,
        float beta,
        int32_t epilogue,
        int64_t bias,
        int64_t auxiliary) {
    std::vector<double> left = operand(
            halfOperands, tf32, reinterpret_cast<void*>(a), k, m, transposeA ? 1 : strideA, transposeA ? strideA : 1);
    std::vector<double> right = operand(
            halfOperands, tf32, reinterpret_cast<void*>(b), n, k, transposeB ? 1 : strideB, transposeB ? strideB : 1);
    std::vector<double> sums(m);
    void* result = reinterpret_cast<void*>(c);
    for (int64_t j = 0; j < n; j++) {
        std::fill(sums.begin(), sums.end(), 0.0);
        for (int64_t l = 0; l < k; l++) {
            double factor = right[j * k + l];
            for (int64_t i = 0; i < m; i++) {
                sums[i] += left[l * m + i] * factor;
            }
        }
        for (int64_t i = 0; i < m; i++) {
            int64_t at = j * strideC + i;
            double sum = sums[i] * alpha;
            if (beta != 0) {
                sum += (double) beta * element(halfResult, result, at);
            }
            if (epilogue == BIAS || epilogue == GELU_AND_AUXILIARY) {
                sum += element(halfResult, reinterpret_cast<void*>(bias), i);
            }
            if (epilogue == GELU_AND_AUXILIARY) {
                setElement(halfResult, reinterpret_cast<void*>(auxiliary), at, (float) sum);
                sum = gelu(sum);
            }
            if (epilogue == GELU_BACKWARD) {
                sum *= geluSlope(element(halfResult, reinterpret_cast<void*>(auxiliary), at));
            }
            setElement(halfResult, result, at, (float) sum);
        }
    }
}
}
