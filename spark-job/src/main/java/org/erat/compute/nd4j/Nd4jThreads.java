package org.erat.compute.nd4j;

import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.nativeblas.NativeOpsHolder;

/** The threads of ND4J, which are the same for all tasks of a JVM. */
public final class Nd4jThreads {
    private Nd4jThreads() {}

    /** Lets ND4J compute on the calling thread alone. */
    public static void keepToOne() {
        Nd4j.getEnvironment().setMaxMasterThreads(1);
        Nd4j.getEnvironment().setMaxThreads(1);
        NativeOpsHolder.getInstance().getDeviceNativeOps().setOmpNumThreads(1);
        Nd4j.factory().blas().setMaxThreads(1);
    }
}
