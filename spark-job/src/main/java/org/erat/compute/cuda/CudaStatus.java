package org.erat.compute.cuda;

import static org.bytedeco.cuda.global.cublas.CUBLAS_STATUS_SUCCESS;
import static org.bytedeco.cuda.global.cublas.cublasGetStatusString;
import static org.bytedeco.cuda.global.cudart.CUDA_SUCCESS;
import static org.bytedeco.cuda.global.cudart.cuGetErrorName;
import static org.bytedeco.cuda.global.cudart.cuGetErrorString;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;

/** The status that every call to the driver and to cuBLAS gives back, made an error that says what failed and where. */
final class CudaStatus {
    private CudaStatus() {}

    /**
     * Throws unless a call to the CUDA driver succeeded.
     *
     * @param call its name
     * @param about what it was about, if anything: its text is made only where it is needed
     */
    static void check(int status, String call, Object about, String device) {
        if (status != CUDA_SUCCESS) {
            try (PointerPointer<BytePointer> text = new PointerPointer<>(1)) {
                String name = cuGetErrorName(status, text) == CUDA_SUCCESS ? text.getString(0) : "error " + status;
                String meaning = cuGetErrorString(status, text) == CUDA_SUCCESS ? ", " + text.getString(0) : "";
                throw new CudaException(message(call, about, device, name + meaning));
            }
        }
    }

    /** Throws unless a call to cuBLAS or cuBLASLt succeeded. */
    static void checkCublas(int status, String call, Object about, String device) {
        if (status != CUBLAS_STATUS_SUCCESS) {
            throw new CudaException(
                    message(call, about, device, cublasGetStatusString(status).getString()));
        }
    }

    private static String message(String call, Object about, String device, String status) {
        String subject = about.toString();
        return call + (subject.isEmpty() ? "" : " of " + subject) + " on " + device + " failed: " + status;
    }
}
