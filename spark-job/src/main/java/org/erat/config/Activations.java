package org.erat.config;

import java.io.Serializable;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What training keeps of a forward pass for its backward pass. The input of each block always stays; all else of a block is
 * kept or computed once more, to the same bits. Blocks are kept from the last one down, as many as a mini-batch's size
 * leaves room for, so that short batches pay nothing for the room that long ones lack.
 *
 * @param bytes that one forward pass may keep, 0 or more
 */
public record Activations(long bytes) implements Serializable {
    /** All that the backward pass needs. */
    public static final Activations KEPT = new Activations(Long.MAX_VALUE);

    /** Each block's input. */
    public static final Activations RECOMPUTED = new Activations(0);

    private static final Pattern SIZE = Pattern.compile("([1-9][0-9]{0,8})([kmg])");
    private static final String UNITS = "kmg";
    private static final int UNIT_BITS = 10;

    /** What a text names: kept, recomputed or a size in KiB, MiB or GiB as Spark writes it, such as 200m. */
    static Optional<Activations> parse(String text) {
        if (text.equals("kept")) {
            return Optional.of(KEPT);
        }
        if (text.equals("recomputed")) {
            return Optional.of(RECOMPUTED);
        }
        Matcher size = SIZE.matcher(text);
        return size.matches()
                ? Optional.of(new Activations(
                        Long.parseLong(size.group(1)) << (UNIT_BITS * (UNITS.indexOf(size.group(2)) + 1))))
                : Optional.empty();
    }

    /** As it is written in a configuration. */
    @Override
    public String toString() {
        if (equals(KEPT)) {
            return "kept";
        }
        if (equals(RECOMPUTED)) {
            return "recomputed";
        }
        int unit = Math.min(UNITS.length(), Long.numberOfTrailingZeros(bytes) / UNIT_BITS);
        return (bytes >> (UNIT_BITS * unit)) + UNITS.substring(unit - 1, unit);
    }
}
