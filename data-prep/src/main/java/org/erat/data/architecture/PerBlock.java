package org.erat.data.architecture;

import java.util.List;

/** Lists of what blocks have: one element for each block, or one for all of them where they are alike. */
final class PerBlock {
    private PerBlock() {}

    /** The list in its only form: one element where all are equal. */
    static <T> List<T> of(List<T> values) {
        return values.stream().distinct().count() == 1 ? List.of(values.get(0)) : List.copyOf(values);
    }

    /** What a block has. */
    static <T> T at(List<T> values, int block) {
        return values.get(values.size() == 1 ? 0 : block);
    }

    /** Refuses a list that is not one of so many blocks. */
    static void require(String what, List<?> values, int blocks) {
        if (values.size() != 1 && values.size() != blocks) {
            throw new IllegalArgumentException(
                    "An architecture of " + blocks + " blocks with " + values.size() + " " + what);
        }
    }
}
