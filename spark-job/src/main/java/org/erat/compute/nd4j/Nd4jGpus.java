package org.erat.compute.nd4j;

import java.util.Optional;
import org.nd4j.linalg.factory.Nd4j;

/** The GPUs of ND4J's CUDA backend. */
public final class Nd4jGpus {
    private Nd4jGpus() {}

    /** Lets ND4J compute on this GPU when the calling thread asks it to. */
    public static void use(int ordinal) {
        Nd4j.getAffinityManager().unsafeSetDevice(ordinal);
    }

    /** Why ND4J computes on no GPU in this process; empty if it does. */
    public static Optional<String> obstacle() {
        String backend = Nd4j.getBackend().getClass().getSimpleName();
        return backend.equals("JCublasBackend") ? Optional.empty() : Optional.of("ND4J has opened its " + backend);
    }
}
