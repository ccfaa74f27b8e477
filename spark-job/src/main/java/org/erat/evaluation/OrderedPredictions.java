package org.erat.evaluation;

import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.erat.data.tokenized.TaskType;

/**
 * The predictions of all shards in the order of ids.
 *
 * @param places where each example is
 */
record OrderedPredictions(List<Place> places) {
    /** One example of a shard. */
    private record Place(ShardPredictions shard, int index) {
        long id() {
            return shard.ids()[index];
        }

        float[] labels() {
            return shard.labels()[index];
        }

        float[] predictions(int selection) {
            return shard.predictions()[selection][index];
        }
    }

    static OrderedPredictions of(List<ShardPredictions> shards) {
        return new OrderedPredictions(shards.stream()
                .flatMap(shard -> IntStream.range(0, shard.ids().length).mapToObj(index -> new Place(shard, index)))
                .sorted(Comparator.comparingLong(Place::id))
                .toList());
    }

    /** The ids of the examples, ascending. */
    long[] ids() {
        return places.stream().mapToLong(Place::id).toArray();
    }

    /**
     * Those at one selection of rows.
     *
     * @param selection its index
     * @param type of the task
     * @param names of its classes
     */
    Predicted at(int selection, TaskType type, List<String> names) {
        Function<Place, float[]> predictions = place -> place.predictions(selection);
        return switch (type) {
            case CLASSIFICATION, TOKEN_CLASSIFICATION ->
                new Predicted.Classes(ints(flat(predictions)), ints(flat(Place::labels)), starts(), names);
            case MULTI_LABEL_CLASSIFICATION -> new Predicted.LabelSets(sets(predictions), sets(Place::labels), names);
            case REGRESSION -> new Predicted.Numbers(flat(predictions), flat(Place::labels));
            case LANGUAGE_MODELING -> new Predicted.Losses(flat(predictions), flat(Place::labels));
        };
    }

    private int[][] sets(Function<Place, float[]> values) {
        return places.stream().map(place -> ints(values.apply(place))).toArray(int[][]::new);
    }

    private float[] flat(Function<Place, float[]> values) {
        int[] starts = starts();
        float[] all = new float[starts[places.size()]];
        for (int i = 0; i < places.size(); i++) {
            System.arraycopy(values.apply(places.get(i)), 0, all, starts[i], starts[i + 1] - starts[i]);
        }
        return all;
    }

    /** First target of each example, then the number of targets. */
    private int[] starts() {
        int[] starts = new int[places.size() + 1];
        for (int i = 0; i < places.size(); i++) {
            starts[i + 1] = starts[i] + places.get(i).labels().length;
        }
        return starts;
    }

    private static int[] ints(float... values) {
        return IntStream.range(0, values.length).map(i -> (int) values[i]).toArray();
    }
}
