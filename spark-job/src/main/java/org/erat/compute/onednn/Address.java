package org.erat.compute.onednn;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;

/** A movable pointer to memory that it does not own: saves an object and a deallocator per native call. */
final class Address extends FloatPointer {
    Address() {
        super((Pointer) null);
    }

    Address at(long address) {
        this.address = address;
        return this;
    }
}
