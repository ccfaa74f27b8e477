package org.erat.compute;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.erat.compute.cuda.CudaUnderTest;
import org.erat.config.Activations;
import org.erat.config.ComputeSettings;
import org.erat.config.ComputeSettings.DeviceChoice;
import org.erat.config.ComputeSettings.Weights;
import org.erat.config.Precision;

/**
 * The CUDA implementation as what {@code compute.device = cuda} gives outside of Spark's tasks, until it is closed: on this
 * processor, or on GPU 0.
 */
public enum CudaDevice {
    /** With this processor as its device. */
    EMULATED,
    /** On GPU 0. */
    GPU;

    private static final List<Precision> PRECISIONS = List.of(Precision.F32, Precision.TF32, Precision.BF16);

    /** Ends the test as skipped where the device cannot be had. */
    public Backends.Provided provide() {
        List<Backends.Provided> provided = new ArrayList<>();
        for (Precision precision : PRECISIONS) {
            Optional<Backend> backend =
                    this == GPU ? CudaUnderTest.onGpu(precision) : CudaUnderTest.emulated(precision);
            if (backend.isEmpty()) {
                provided.forEach(Backends.Provided::close);
            }
            assumeTrue(backend.isPresent(), this + " cannot be had here, see the log");
            for (Weights weights : Weights.values()) {
                provided.add(Backends.provide(
                        new ComputeSettings(DeviceChoice.CUDA, 1, precision, weights, Activations.KEPT),
                        backend.get()));
            }
        }
        return () -> provided.forEach(Backends.Provided::close);
    }
}
