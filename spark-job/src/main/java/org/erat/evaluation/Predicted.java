package org.erat.evaluation;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Predictions beside what is right, of all targets of many examples in the order of their ids. */
sealed interface Predicted {
    /** The number of examples. */
    int examples();

    /** Those of the examples of these indices, in this order; an index may come more than once. */
    Predicted of(int... examples);

    /**
     * Classes.
     *
     * @param predictions [n] index of the predicted class of every target
     * @param labels [n] index of the right class of every target
     * @param starts [examples + 1] first target of each example, then n
     * @param names [C] names of the classes
     */
    record Classes(int[] predictions, int[] labels, int[] starts, List<String> names) implements Predicted {
        @Override
        public int examples() {
            return starts.length - 1;
        }

        @Override
        public Classes of(int... examples) {
            int[] newStarts = new int[examples.length + 1];
            for (int i = 0; i < examples.length; i++) {
                newStarts[i + 1] = newStarts[i] + starts[examples[i] + 1] - starts[examples[i]];
            }
            return new Classes(
                    chosen(predictions, newStarts, examples), chosen(labels, newStarts, examples), newStarts, names);
        }

        private int[] chosen(int[] from, int[] newStarts, int... examples) {
            int[] chosen = new int[newStarts[examples.length]];
            for (int i = 0; i < examples.length; i++) {
                System.arraycopy(from, starts[examples[i]], chosen, newStarts[i], newStarts[i + 1] - newStarts[i]);
            }
            return chosen;
        }
    }

    /**
     * Any number of labels.
     *
     * @param predictions [n] indices of the labels that are predicted of every example, ascending
     * @param labels [n] indices of the right ones, ascending
     * @param names [C] names of the classes
     */
    record LabelSets(int[][] predictions, int[][] labels, List<String> names) implements Predicted {
        @Override
        public int examples() {
            return labels.length;
        }

        @Override
        public LabelSets of(int... examples) {
            return new LabelSets(chosen(predictions, examples), chosen(labels, examples), names);
        }

        private static int[][] chosen(int[][] from, int... examples) {
            return IntStream.of(examples).mapToObj(i -> from[i]).toArray(int[][]::new);
        }

        /** The labels of an example that are predicted and not right, or right and not predicted. */
        int wrong(int example) {
            return predictions[example].length + labels[example].length - 2 * both(example).length;
        }

        /** The right labels of an example that are predicted. */
        int[] both(int example) {
            return IntStream.of(labels[example])
                    .filter(label -> Arrays.binarySearch(predictions[example], label) >= 0)
                    .toArray();
        }
    }

    /**
     * Losses of a language model.
     *
     * @param sums [examples] sum of the losses of the target tokens of every example, in nats
     * @param targets [examples] how many these are
     */
    record Losses(float[] sums, float[] targets) implements Predicted {
        @Override
        public int examples() {
            return sums.length;
        }

        @Override
        public Losses of(int... examples) {
            return new Losses(Numbers.chosen(sums, examples), Numbers.chosen(targets, examples));
        }
    }

    /**
     * Numbers.
     *
     * @param predictions [n] predicted number of every example
     * @param labels [n] right number of every example
     */
    record Numbers(float[] predictions, float[] labels) implements Predicted {
        @Override
        public int examples() {
            return labels.length;
        }

        @Override
        public Numbers of(int... examples) {
            return new Numbers(chosen(predictions, examples), chosen(labels, examples));
        }

        private static float[] chosen(float[] from, int... examples) {
            float[] chosen = new float[examples.length];
            for (int i = 0; i < examples.length; i++) {
                chosen[i] = from[examples[i]];
            }
            return chosen;
        }
    }
}
