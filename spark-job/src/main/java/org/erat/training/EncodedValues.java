package org.erat.training;

import java.io.Serializable;
import javax.annotation.Nullable;

/** Shared values on their way to the shards: encoded once by the driver, decoded once in each JVM. */
public final class EncodedValues implements Serializable {
    private static final long serialVersionUID = 1L;

    private final byte[] bytes;

    @Nullable
    private transient SharedValues decoded;

    /** @param decoded what arrives, where that is known */
    EncodedValues(byte[] bytes, @Nullable SharedValues decoded) {
        this.bytes = bytes;
        this.decoded = decoded;
    }

    int length() {
        return bytes.length;
    }

    /** The values as all shards receive them. They are shared by the tasks of a JVM: nobody writes to them. */
    synchronized SharedValues decoded(Encoding encoding) {
        if (decoded == null) {
            decoded = encoding.decode(bytes);
        }
        return decoded;
    }
}
