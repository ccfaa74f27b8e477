package org.erat.compute;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Optional;
import org.erat.compute.cuda.CudaUnderTest;

/** Choices of device that only tests have: the CUDA implementation without a task that Spark has given a GPU to. */
public final class CudaDevice {
    /** With this processor as its device. */
    public static final String EMULATED = "emulated-cuda";

    /** On GPU 0. */
    public static final String GPU = "gpu-0";

    private CudaDevice() {}

    /** Makes {@code device} a choice if it is one of these; ends the test as skipped where it cannot be had. */
    public static void provideFor(String device) {
        if (device.equals(EMULATED) || device.equals(GPU)) {
            for (Precision precision : Precision.values()) {
                Optional<Backend> backend =
                        device.equals(GPU) ? CudaUnderTest.onGpu(precision) : CudaUnderTest.emulated(precision);
                assumeTrue(backend.isPresent(), device + " cannot be had here, see the log");
                Backends.provide(device, precision, backend.get());
            }
        }
    }
}
