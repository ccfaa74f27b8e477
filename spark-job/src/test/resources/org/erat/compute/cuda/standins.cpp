// Stand-ins for the functions of NVIDIA's driver, cuBLAS, cuBLASLt and NVRTC that the job calls, with the emulator as their
// device. They refuse handles and descriptions that are not in order, note which of them were called, and fail where they
// are told to. Numbers are those of CUDA 13's headers, which are not needed. A function that is not here ends the process
// with its name.
#include "emulator.cpp"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <set>
#include <string>

namespace {

std::mutex mutex;
std::map<std::string, int> failures;
std::set<std::string> calls;

int statusOf(const char* function) {
    std::lock_guard<std::mutex> lock(mutex);
    calls.insert(function);
    auto found = failures.find(function);
    return found == failures.end() ? 0 : found->second;
}

#define CALLED \
    if (int status = statusOf(__func__)) { \
        return status; \
    }

// ---- the device

const int INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NO_DEVICE = 100, INVALID_DEVICE = 101, INVALID_CONTEXT = 201,
          INVALID_HANDLE = 400, NOT_FOUND = 500, ILLEGAL_ADDRESS = 700, LAUNCH_FAILED = 719;

const uint64_t CAPACITY = 2ull << 30;

// What a product is given to write to as it likes.
const std::size_t WORKSPACE = 32 << 20;

void* const CONTEXT = reinterpret_cast<void*>(0xC0);
void* const MODULE = reinterpret_cast<void*>(0x30);
void* const STREAM = reinterpret_cast<void*>(0x57);

thread_local void* bound;
std::map<uint64_t, uint64_t> memory;
uint64_t held;

bool holds(uint64_t address, uint64_t bytes) {
    std::lock_guard<std::mutex> lock(mutex);
    auto after = memory.upper_bound(address);
    return after != memory.begin() && address + bytes <= std::prev(after)->first + std::prev(after)->second;
}

#define BOUND \
    CALLED \
    if (bound != CONTEXT) { \
        return INVALID_CONTEXT; \
    }

} // namespace

extern "C" {

void Java_org_erat_compute_cuda_StandIns_fail(void*, void*, int64_t function, int32_t status) {
    std::lock_guard<std::mutex> lock(mutex);
    failures[reinterpret_cast<const char*>(function)] = status;
}

void Java_org_erat_compute_cuda_StandIns_heal(void*, void*) {
    std::lock_guard<std::mutex> lock(mutex);
    failures.clear();
}

// The name of a function that was called, in no order that matters; 0 after the last one.
int64_t Java_org_erat_compute_cuda_StandIns_called(void*, void*, int32_t index) {
    std::lock_guard<std::mutex> lock(mutex);
    return index < (int32_t) calls.size() ? reinterpret_cast<int64_t>(std::next(calls.begin(), index)->c_str()) : 0;
}

// ---- libcuda

int cuInit(unsigned int) {
    CALLED
    return 0;
}

int cuDeviceGet(int* device, int ordinal) {
    CALLED
    *device = 0;
    return ordinal == 0 ? 0 : INVALID_DEVICE;
}

int cuDeviceGetName(char* name, int length, int) {
    CALLED
    std::snprintf(name, length, "stand-in");
    return 0;
}

int cuDeviceGetAttribute(int* value, int attribute, int) {
    CALLED
    // Compute capability 9.0.
    *value = attribute == 75 ? 9 : 0;
    return attribute == 75 || attribute == 76 ? 0 : INVALID_VALUE;
}

int cuDevicePrimaryCtxRetain(void** context, int) {
    CALLED
    *context = CONTEXT;
    return 0;
}

int cuDevicePrimaryCtxRelease_v2(int) {
    CALLED
    return 0;
}

int cuCtxSetCurrent(void* context) {
    CALLED
    bound = context;
    return context == CONTEXT ? 0 : INVALID_CONTEXT;
}

int cuModuleLoadData(void** module, const void* image) {
    BOUND
    *module = MODULE;
    return std::strcmp(static_cast<const char*>(image), "kernels") == 0 ? 0 : INVALID_VALUE;
}

int cuModuleUnload(void* module) {
    BOUND
    return module == MODULE ? 0 : INVALID_HANDLE;
}

int cuModuleGetFunction(void** function, void* module, const char* name) {
    BOUND
    for (std::size_t i = 0; module == MODULE && i < KERNELS.size(); i++) {
        if (std::strcmp(KERNELS[i].name, name) == 0) {
            *function = reinterpret_cast<void*>(i + 1);
            return 0;
        }
    }
    return NOT_FOUND;
}

int cuMemAlloc_v2(uint64_t* address, std::size_t bytes) {
    BOUND
    std::lock_guard<std::mutex> lock(mutex);
    if (held + bytes > CAPACITY) {
        return OUT_OF_MEMORY;
    }
    void* block = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
    if (bytes != WORKSPACE) {
        // NaN in either dtype.
        std::memset(block, 0xFF, bytes);
    }
    *address = reinterpret_cast<uint64_t>(block);
    memory[*address] = bytes;
    held += bytes;
    return 0;
}

int cuMemFree_v2(uint64_t address) {
    BOUND
    std::lock_guard<std::mutex> lock(mutex);
    auto block = memory.find(address);
    if (block == memory.end()) {
        return INVALID_VALUE;
    }
    held -= block->second;
    memory.erase(block);
    std::free(reinterpret_cast<void*>(address));
    return 0;
}

int cuMemGetInfo_v2(std::size_t* left, std::size_t* total) {
    BOUND
    std::lock_guard<std::mutex> lock(mutex);
    *left = CAPACITY - held;
    *total = CAPACITY;
    return 0;
}

int cuStreamCreate(void** stream, unsigned int flags) {
    BOUND
    *stream = STREAM;
    // It may not wait for the stream that has no name.
    return flags == 1 ? 0 : INVALID_VALUE;
}

int cuStreamSynchronize(void* stream) {
    BOUND
    return stream == STREAM ? 0 : INVALID_HANDLE;
}

int cuStreamDestroy_v2(void* stream) {
    BOUND
    return stream == STREAM ? 0 : INVALID_HANDLE;
}

int cuMemcpyHtoDAsync_v2(uint64_t to, const void* from, std::size_t bytes, void* stream) {
    BOUND
    if (stream != STREAM || !holds(to, bytes)) {
        return INVALID_VALUE;
    }
    std::memcpy(reinterpret_cast<void*>(to), from, bytes);
    return 0;
}

int cuMemcpyDtoHAsync_v2(void* to, uint64_t from, std::size_t bytes, void* stream) {
    BOUND
    if (stream != STREAM || !holds(from, bytes)) {
        return INVALID_VALUE;
    }
    std::memcpy(to, reinterpret_cast<void*>(from), bytes);
    return 0;
}

int cuLaunchKernel(
        void* function,
        unsigned int blocks,
        unsigned int blocksY,
        unsigned int blocksZ,
        unsigned int threads,
        unsigned int threadsY,
        unsigned int threadsZ,
        unsigned int shared,
        void* stream,
        void** arguments,
        void** extra) {
    BOUND
    if (blocksY != 1 || blocksZ != 1 || threadsY != 1 || threadsZ != 1 || shared != 0 || stream != STREAM || extra) {
        return INVALID_VALUE;
    }
    auto number = static_cast<int32_t>(reinterpret_cast<int64_t>(function) - 1);
    auto values = reinterpret_cast<int64_t>(arguments);
    return Java_org_erat_compute_cuda_Emulator_launch(nullptr, nullptr, number, blocks, threads, values, 0) == 0
            ? 0
            : LAUNCH_FAILED;
}

int cuGetErrorName(int status, const char** name) {
    *name = status == NO_DEVICE         ? "CUDA_ERROR_NO_DEVICE"
            : status == INVALID_DEVICE  ? "CUDA_ERROR_INVALID_DEVICE"
            : status == ILLEGAL_ADDRESS ? "CUDA_ERROR_ILLEGAL_ADDRESS"
                                        : nullptr;
    return *name ? 0 : INVALID_VALUE;
}

int cuGetErrorString(int status, const char** text) {
    *text = "what it means";
    return status < LAUNCH_FAILED ? 0 : INVALID_VALUE;
}
}

#include "standins-cublas.cpp"
#include "standins-compiler.cpp"
