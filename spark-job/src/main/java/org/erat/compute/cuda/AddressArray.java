package org.erat.compute.cuda;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;

/**
 * An array of addresses that lies on the device. Of this type and not a mere {@link Address}, which JavaCPP would take for
 * the one element of an array that it makes on the host.
 */
final class AddressArray extends PointerPointer<Pointer> {
    AddressArray() {
        super((Pointer) null);
    }

    AddressArray at(long to) {
        address = to;
        return this;
    }
}
