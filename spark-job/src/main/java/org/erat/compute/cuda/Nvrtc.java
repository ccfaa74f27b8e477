package org.erat.compute.cuda;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.bytedeco.cuda.global.nvrtc.*;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.cuda.nvrtc._nvrtcProgram;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.javacpp.SizeTPointer;

/** NVIDIA's compiler of kernels at run time, for a device that need not be there. */
final class Nvrtc {
    private final String device;

    /** @param device that the kernels are for, for messages */
    Nvrtc(String device) {
        this.device = device;
    }

    /** {@code 13.1}. */
    String version() {
        int[] major = new int[1];
        int[] minor = new int[1];
        check(nvrtcVersion(major, minor), "nvrtcVersion");
        return major[0] + "." + minor[0];
    }

    /**
     * What to compile for.
     *
     * @param capability of the device: 90 is 9.0
     * @return {@code sm_90}, or for a device that is newer than this compiler the newest {@code compute_*} that it knows,
     *     which the driver translates
     * @throws CudaException for a device that is older than all that it knows
     */
    String target(int capability) {
        int[] count = new int[1];
        check(nvrtcGetNumSupportedArchs(count), "nvrtcGetNumSupportedArchs");
        int[] known = new int[count[0]];
        check(nvrtcGetSupportedArchs(known), "nvrtcGetSupportedArchs");
        return target(capability, known);
    }

    String target(int capability, int[] known) {
        int newest = Arrays.stream(known)
                .filter(one -> one <= capability)
                .max()
                .orElseThrow(() -> new CudaException("NVRTC does not compile for compute capability "
                        + capability / 10 + "." + capability % 10 + " of " + device + ", only for "
                        + Arrays.stream(known).min().orElse(0) / 10.0 + " and newer"));
        return (newest == capability ? "sm_" : "compute_") + newest;
    }

    /** What the compiler is told. */
    static List<String> options(String target) {
        return List.of("--gpu-architecture=" + target, "--std=c++17");
    }

    /**
     * Compiles all kernels.
     *
     * @throws CudaException with the compiler's log if it refuses them
     */
    KernelCode compile(String target) {
        List<String> names = new ArrayList<>(KernelSources.ALL);
        names.addAll(KernelSources.HEADERS);
        _nvrtcProgram program = new _nvrtcProgram();
        try (BytePointer source = text(KernelSources.program());
                BytePointer name = text("kernels.cu");
                PointerPointer<BytePointer> headers =
                        texts(names.stream().map(KernelSources::read).toList());
                PointerPointer<BytePointer> headerNames = texts(names);
                PointerPointer<BytePointer> options = texts(options(target))) {
            check(nvrtcCreateProgram(program, source, name, names.size(), headers, headerNames), "nvrtcCreateProgram");
            int status = nvrtcCompileProgram(program, options(target).size(), options);
            if (status != NVRTC_SUCCESS) {
                throw new CudaException("nvrtcCompileProgram of the kernels for " + target + " on " + device
                        + " failed: " + nvrtcGetErrorString(status).getString() + "\n" + log(program));
            }
            return new KernelCode(target, image(program, target.startsWith("sm_")));
        } finally {
            if (!program.isNull()) {
                check(nvrtcDestroyProgram(program), "nvrtcDestroyProgram");
            }
        }
    }

    private byte[] image(_nvrtcProgram program, boolean machineCode) {
        try (SizeTPointer size = new SizeTPointer(1)) {
            check(
                    machineCode ? nvrtcGetCUBINSize(program, size) : nvrtcGetPTXSize(program, size),
                    machineCode ? "nvrtcGetCUBINSize" : "nvrtcGetPTXSize");
            byte[] image = new byte[Math.toIntExact(size.get())];
            check(
                    machineCode ? nvrtcGetCUBIN(program, image) : nvrtcGetPTX(program, image),
                    machineCode ? "nvrtcGetCUBIN" : "nvrtcGetPTX");
            return image;
        }
    }

    private String log(_nvrtcProgram program) {
        try (SizeTPointer size = new SizeTPointer(1)) {
            check(nvrtcGetProgramLogSize(program, size), "nvrtcGetProgramLogSize");
            try (BytePointer log = new BytePointer(size.get())) {
                check(nvrtcGetProgramLog(program, log), "nvrtcGetProgramLog");
                // It ends with a zero.
                return log.limit(size.get() - 1).getString(UTF_8);
            }
        }
    }

    private static BytePointer text(String text) {
        return new BytePointer(text, UTF_8);
    }

    private static PointerPointer<BytePointer> texts(List<String> texts) {
        return new PointerPointer<>(texts.stream().map(Nvrtc::text).toArray(BytePointer[]::new));
    }

    private void check(int status, String call) {
        if (status != NVRTC_SUCCESS) {
            throw new CudaException(call + " of the kernels on " + device + " failed: "
                    + nvrtcGetErrorString(status).getString());
        }
    }
}
