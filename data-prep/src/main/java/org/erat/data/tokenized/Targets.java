package org.erat.data.tokenized;

import java.io.Serializable;
import java.util.stream.IntStream;

/** What examples are to be predicted as. Immutable by agreement: the arrays are not copied. */
public sealed interface Targets extends Serializable {
    /** The class of a token without a target. */
    int NONE = -1;

    /** Number of targets: examples, or tokens with a target. A mean loss divides by it. */
    int count();

    /** Indices b·T+t of the tokens that have a target of their own; empty where each example has one. */
    default int[] tokens() {
        return new int[0];
    }

    /**
     * One class per example.
     *
     * @param classes [B] index of the class, from 0; {@link #NONE} where it is not known
     */
    record Classes(int[] classes) implements Targets {
        @Override
        public int count() {
            return classes.length;
        }
    }

    /**
     * Any number of classes per example, as bits.
     *
     * @param bits [B,{@value #WORDS}] row-major: bit c mod 32 of word c/32 of an example says whether it has class c
     */
    record LabelSets(int[] bits) implements Targets {
        /** Words of an example. */
        public static final int WORDS = 32;

        /** Most classes. */
        public static final int MOST_CLASSES = WORDS * Integer.SIZE;

        /**
         * One example.
         *
         * @param classes of it, from 0, below {@link #MOST_CLASSES}
         */
        public static LabelSets of(int... classes) {
            int[] bits = new int[WORDS];
            for (int each : classes) {
                bits[each / Integer.SIZE] |= 1 << each % Integer.SIZE;
            }
            return new LabelSets(bits);
        }

        /** Whether example {@code b} has a class. */
        public boolean has(int b, int label) {
            return (bits[b * WORDS + label / Integer.SIZE] >>> label % Integer.SIZE & 1) == 1;
        }

        /** The classes of example {@code b}, ascending. */
        public int[] classes(int b) {
            return IntStream.range(0, MOST_CLASSES).filter(c -> has(b, c)).toArray();
        }

        @Override
        public int count() {
            return bits.length / WORDS;
        }
    }

    /**
     * One number per example.
     *
     * @param numbers [B] finite; not a number where it is not known
     */
    record Numbers(float[] numbers) implements Targets {
        @Override
        public int count() {
            return numbers.length;
        }
    }

    /**
     * One class per token, or none. Special tokens, padding and all subtokens of a word but the first have none. With the
     * ids of the next tokens as classes these are the targets of a language model.
     *
     * @param classes [B,T] row-major, index of the class from 0, or {@link #NONE}
     */
    record TokenClasses(int[] classes) implements Targets {
        /** Classes of the tokens that have one, in order. */
        public int[] known() {
            return IntStream.of(classes).filter(label -> label != NONE).toArray();
        }

        @Override
        public int[] tokens() {
            return IntStream.range(0, classes.length)
                    .filter(i -> classes[i] != NONE)
                    .toArray();
        }

        @Override
        public int count() {
            int count = 0;
            for (int label : classes) {
                if (label != NONE) {
                    count++;
                }
            }
            return count;
        }
    }

    /**
     * Targets that are not known, as of features on their own.
     *
     * @param tokens indices of the tokens that are asked about; empty where each example is
     */
    record Unknown(int[] tokens) implements Targets {
        @Override
        public int count() {
            return tokens.length;
        }
    }
}
