package org.erat.compute.cuda;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.erat.compute.Backend;
import org.erat.config.Precision;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The CUDA implementation for the tests that every implementation takes: with this processor as its device where a C++
 * compiler is there, and on GPU 0 where there is one and the tests run with the profile {@code cuda}. The log says what is
 * left out and why. Where NVIDIA's libraries have stand-ins, these are the only device.
 */
public final class CudaUnderTest {
    private static final Logger LOG = LoggerFactory.getLogger(CudaUnderTest.class);

    static {
        StandIns.load();
    }

    private CudaUnderTest() {}

    /** Whether this JVM is for the tests of this backend: where NVIDIA's libraries have stand-ins, of CUDA's only. */
    public static boolean isTested(Backend backend) {
        return !StandIns.chosen() || backend instanceof CudaBackend;
    }

    /** Whether memory that this backend hands out for the first time holds NaN: an emulated device sees to that. */
    public static boolean freshMemoryHoldsNaN(Backend backend) {
        return StandIns.chosen() || ((CudaBackend) backend).device().contains("emulated");
    }

    /** All that can be had. */
    public static List<Backend> of(Precision precision) {
        if (StandIns.chosen()) {
            return List.of(CudaBackend.on(0, precision));
        }
        return Stream.of(emulated(precision), onGpu(precision))
                .flatMap(Optional::stream)
                .toList();
    }

    /** The kernels as built for this processor. */
    public static Optional<Backend> emulated(Precision precision) {
        if (!Emulator.obstacle().isEmpty()) {
            LOG.warn("The CUDA kernels are not tested on this processor: {}", Emulator.obstacle());
            return Optional.empty();
        }
        return Optional.of(new CudaBackend(new EmulatedDriver(), precision));
    }

    /** A GPU. */
    public static Optional<Backend> onGpu(Precision precision) {
        try {
            return Optional.of(CudaBackend.on(0, precision));
        } catch (LinkageError | CudaException e) {
            LOG.warn("CUDA is not tested on a GPU: {}", e.toString());
            return Optional.empty();
        }
    }
}
