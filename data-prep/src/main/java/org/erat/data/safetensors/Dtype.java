package org.erat.data.safetensors;

import java.util.Arrays;
import java.util.Optional;

/** Element types of the safetensors format. Those with {@link #isFloat()} can be read as 32-bit floats. */
public enum Dtype {
    F32(4, true),
    F16(2, true),
    BF16(2, true),
    F64(8, false),
    F8_E4M3(1, false),
    F8_E5M2(1, false),
    I64(8, false),
    I32(4, false),
    I16(2, false),
    I8(1, false),
    U64(8, false),
    U32(4, false),
    U16(2, false),
    U8(1, false),
    BOOL(1, false);

    private final int bytes;
    private final boolean isFloat;

    Dtype(int bytes, boolean isFloat) {
        this.bytes = bytes;
        this.isFloat = isFloat;
    }

    /** Bytes of one element. */
    public int bytes() {
        return bytes;
    }

    /** Whether {@link SafetensorsFile#floats} can read this type. */
    public boolean isFloat() {
        return isFloat;
    }

    /** The type that a header names, if it is one of these. */
    public static Optional<Dtype> named(String name) {
        return Arrays.stream(values()).filter(d -> d.name().equals(name)).findFirst();
    }
}
