package org.erat.compute;

import org.erat.compute.nd4j.Nd4jBackend;
import org.nd4j.linalg.api.buffer.DataType;

/** Chooses. */
public final class Backends {
    private Backends() {}

    public static Backend choose(String backend, String precision) {
        return new Nd4jBackend(precision.equals("f64") ? DataType.DOUBLE : DataType.FLOAT);
    }
}
