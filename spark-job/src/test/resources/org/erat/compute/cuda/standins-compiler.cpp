// libnvrtc; goes with standins.cpp.

namespace {

void* const PROGRAM = reinterpret_cast<void*>(0x9C);

} // namespace

extern "C" {

const char* nvrtcGetErrorString(int) {
    return "a status of NVRTC";
}

int nvrtcVersion(int* major, int* minor) {
    CALLED
    *major = 13;
    *minor = 1;
    return 0;
}

int nvrtcGetNumSupportedArchs(int* count) {
    CALLED
    *count = 2;
    return 0;
}

int nvrtcGetSupportedArchs(int* known) {
    CALLED
    known[0] = 80;
    known[1] = 90;
    return 0;
}

int nvrtcCreateProgram(
        void** program,
        const char* source,
        const char* name,
        int count,
        const char* const* headers,
        const char* const* names) {
    CALLED
    *program = PROGRAM;
    bool whole = std::strstr(source, "#include") && std::strcmp(name, "kernels.cu") == 0 && count > 1;
    for (int i = 0; i < count; i++) {
        // What is included is there.
        whole = whole && std::strlen(headers[i]) > 0 && std::strstr(names[i], ".cu");
    }
    return whole ? 0 : 3;
}

int nvrtcCompileProgram(void* program, int count, const char* const* options) {
    CALLED
    return program == PROGRAM && count == 2 && std::strcmp(options[0], "--gpu-architecture=sm_90") == 0 ? 0 : 5;
}

int nvrtcGetCUBINSize(void*, std::size_t* bytes) {
    CALLED
    *bytes = sizeof "kernels";
    return 0;
}

int nvrtcGetCUBIN(void*, char* image) {
    CALLED
    std::strcpy(image, "kernels");
    return 0;
}

int nvrtcGetProgramLogSize(void*, std::size_t* bytes) {
    CALLED
    *bytes = sizeof "what the compiler says";
    return 0;
}

int nvrtcGetProgramLog(void*, char* log) {
    CALLED
    std::strcpy(log, "what the compiler says");
    return 0;
}

int nvrtcDestroyProgram(void** program) {
    CALLED
    return *program == PROGRAM ? 0 : 4;
}
}
