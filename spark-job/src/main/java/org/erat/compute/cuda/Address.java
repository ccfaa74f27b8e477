package org.erat.compute.cuda;

import org.bytedeco.javacpp.Pointer;

/** A pointer for native calls that is set to one address after the other, on the host or on the device. */
final class Address extends Pointer {
    Address at(long to) {
        address = to;
        return this;
    }
}
