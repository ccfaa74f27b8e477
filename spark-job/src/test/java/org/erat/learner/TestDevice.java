package org.erat.learner;

import java.util.Optional;
import org.erat.compute.Backends;
import org.erat.compute.CudaDevice;
import org.erat.config.ComputeSettings.DeviceChoice;
import org.erat.config.Precision;
import org.erat.dl4j.TinyLearners;
import org.erat.model.ModelRuntime;

/** What tests compute on that every implementation takes. */
public enum TestDevice {
    ND4J(DeviceChoice.ND4J, null),
    CPU(DeviceChoice.CPU, null),
    EMULATED_CUDA(DeviceChoice.CUDA, CudaDevice.EMULATED),
    GPU(DeviceChoice.CUDA, CudaDevice.GPU);

    private final DeviceChoice choice;
    private final Optional<CudaDevice> cuda;

    TestDevice(DeviceChoice choice, CudaDevice cuda) {
        this.choice = choice;
        this.cuda = Optional.ofNullable(cuda);
    }

    /** A device while it can be chosen. */
    public interface InUse extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * Lets learners compute on this device until the result is closed, and by then with nothing that they have left open;
     * ends the test as skipped where it cannot be had.
     */
    public InUse use(TinyLearners learners, Precision precision) {
        learners.on(choice, precision);
        if (cuda.isEmpty()) {
            return () -> {};
        }
        // What waits for the next task, or is still open, computes on another device than the one that is provided.
        ModelRuntime.discardIdle();
        int before = ModelRuntime.copiesOfWeights();
        Backends.Provided provided = cuda.get().provide();
        return () -> {
            provided.close();
            ModelRuntime.discardIdle();
            if (ModelRuntime.copiesOfWeights() != before) {
                throw new IllegalStateException("A learner on " + this + " was left open");
            }
        };
    }
}
