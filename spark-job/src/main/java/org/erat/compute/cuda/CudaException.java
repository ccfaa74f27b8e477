package org.erat.compute.cuda;

/** A call to CUDA, cuBLAS or NVRTC that failed; the message names the call, what it was about, and the device. */
public final class CudaException extends RuntimeException {
    private static final long serialVersionUID = 1;

    CudaException(String message) {
        super(message);
    }

    CudaException(String message, Throwable cause) {
        super(message, cause);
    }
}
