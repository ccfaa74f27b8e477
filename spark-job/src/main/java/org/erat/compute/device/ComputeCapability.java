package org.erat.compute.device;

import java.util.Comparator;

/** Which machine code a GPU runs: 8.0 is an A100, 9.0 an H100. */
record ComputeCapability(int major, int minor) implements Comparable<ComputeCapability> {
    private static final Comparator<ComputeCapability> ORDER =
            Comparator.comparingInt(ComputeCapability::major).thenComparingInt(ComputeCapability::minor);

    /**
     * Reads {@code 8.6}.
     *
     * @throws NumberFormatException if that is something else
     */
    static ComputeCapability parse(String text) {
        String[] parts = text.split("\\.", -1);
        if (parts.length != 2) {
            throw new NumberFormatException(text + " is not a compute capability");
        }
        return new ComputeCapability(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]));
    }

    @Override
    public int compareTo(ComputeCapability other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        return major + "." + minor;
    }
}
