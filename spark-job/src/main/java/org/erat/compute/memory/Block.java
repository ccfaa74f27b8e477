package org.erat.compute.memory;

/** A piece of memory outside the Java heap. Which memory that is, the subclass says. */
public abstract class Block {
    private final long address;
    private final long bytes;

    protected Block(long address, long bytes) {
        this.address = address;
        this.bytes = bytes;
    }

    /** Where it starts. */
    public final long address() {
        return address;
    }

    /** Its size. */
    public final long bytes() {
        return bytes;
    }
}
