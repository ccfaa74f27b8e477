package org.erat.data.tokenized;

import java.util.Arrays;
import org.erat.data.tokenized.Targets.Classes;
import org.erat.data.tokenized.Targets.LabelSets;
import org.erat.data.tokenized.Targets.Numbers;
import org.erat.data.tokenized.Targets.TokenClasses;

/** Makes and copies targets of all types. */
final class TargetArrays {
    private TargetArrays() {}

    /** Targets of a type of task, {@code length} values long, to be filled; token classes are {@link Targets#NONE}. */
    static Targets ofType(TaskType type, int length) {
        return switch (type) {
            case CLASSIFICATION -> new Classes(new int[length]);
            case MULTI_LABEL_CLASSIFICATION -> new LabelSets(new int[length]);
            case REGRESSION -> new Numbers(new float[length]);
            case TOKEN_CLASSIFICATION, LANGUAGE_MODELING -> {
                int[] classes = new int[length];
                Arrays.fill(classes, Targets.NONE);
                yield new TokenClasses(classes);
            }
        };
    }

    /** Whether a task of type {@code type} has such targets. */
    static boolean areOf(TaskType type, Targets targets) {
        return ofType(type, 0).getClass() == targets.getClass();
    }

    /** Values that targets of a type have for examples and their tokens, which are those before a place as well. */
    static int length(TaskType type, int examples, int tokens) {
        if (type.perToken()) {
            return tokens;
        }
        return type.hasLabelSets() ? Math.multiplyExact(examples, LabelSets.WORDS) : examples;
    }

    /** Number of values: B, B·T of token classes, B words of label sets. */
    static int length(Targets targets) {
        return targets instanceof Numbers numbers ? numbers.numbers().length : ((int[]) values(targets)).length;
    }

    /** Copies {@code count} values; both targets are of the same type. */
    static void copy(Targets source, int from, Targets destination, int to, int count) {
        System.arraycopy(values(source), from, values(destination), to, count);
    }

    /** The first {@code length} values of targets of {@code type}, or all and room for more. */
    static Targets resized(TaskType type, Targets targets, int length) {
        Targets resized = ofType(type, length);
        copy(targets, 0, resized, 0, Math.min(length, length(targets)));
        return resized;
    }

    /** The values [from, to) of known targets. */
    static Targets part(Targets targets, int from, int to) {
        if (targets instanceof Numbers numbers) {
            return new Numbers(Arrays.copyOfRange(numbers.numbers(), from, to));
        }
        if (targets instanceof LabelSets sets) {
            return new LabelSets(Arrays.copyOfRange(sets.bits(), from, to));
        }
        return targets instanceof Classes classes
                ? new Classes(Arrays.copyOfRange(classes.classes(), from, to))
                : new TokenClasses(Arrays.copyOfRange(((TokenClasses) targets).classes(), from, to));
    }

    private static Object values(Targets targets) {
        if (targets instanceof Classes classes) {
            return classes.classes();
        }
        if (targets instanceof LabelSets sets) {
            return sets.bits();
        }
        return targets instanceof Numbers numbers ? numbers.numbers() : ((TokenClasses) targets).classes();
    }
}
