package org.erat.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apache.spark.SparkConf;
import org.apache.spark.serializer.KryoSerializer;
import org.apache.spark.serializer.SerializerInstance;
import org.erat.adapter.AdapterLayout;
import org.erat.config.TrainingSettings.OptimizerState;
import org.erat.config.TrainingSettings.Transfer;
import org.erat.learner.ParameterLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import scala.reflect.ClassTag$;

class EncodingTest {
    private static final int WIDTH = 12;
    private static final int TARGETS = 3;
    private final ParameterLayout layout = FakeShards.of(2, WIDTH, 4).layout();
    private final int[][] rowWeights = {{1, 0, 2, 0}, {0, 0, 0, 0}, {1, 1, 1, 1}, {0, 3, 0, 0}};

    private Encoding encoding(OptimizerState state, Transfer transfer) {
        return Encoding.of(layout, state, transfer, 7);
    }

    /** Moments as they are: small first ones of either sign, second ones above 0 over seven orders of magnitude. */
    private SharedValues values(int seed) {
        Random random = new Random(seed);
        SharedValues values = new SharedValues(new float[layout.parameters()], new float[layout.stateLength()]);
        for (Slice slice : Slice.of(layout, true)) {
            for (int row = 0; row < slice.rows(); row++) {
                for (ParameterLayout.Run run : slice.runs(row)) {
                    for (int i = run.from(); i < run.to(); i++) {
                        float value = (float) random.nextGaussian();
                        float[] one = {
                            switch (run.kind()) {
                                case PARAMETERS -> value;
                                // Such as no second one has to be raised for.
                                case FIRST_MOMENTS -> 1e-4f * value;
                                case SECOND_MOMENTS ->
                                    (float) (Math.pow(10, -5 * random.nextDouble()) * (0.1 + value * value));
                                case COUNTS -> 1 + random.nextInt(1000);
                            }
                        };
                        values.copyIn(i, one, 0, 1);
                    }
                }
            }
        }
        return values;
    }

    private static float value(SharedValues values, int index) {
        float[] one = new float[1];
        values.copyOut(index, one, 0, 1);
        return one[0];
    }

    private SharedValues arrived(Encoding encoding, SharedValues sent, int round) {
        return new RoundState(round, 0, 0, 1, 0, encoding.encode(sent, round)).values(encoding);
    }

    @Test
    void everyBitOfAFloatArrivesThroughTheSerializerOfTheJob() {
        SharedValues sent = values(1);
        float[] special = {-0f, Float.MIN_VALUE, Float.MAX_VALUE, Float.NEGATIVE_INFINITY, Float.NaN};
        System.arraycopy(special, 0, sent.parameters(), 0, special.length);
        Encoding encoding = encoding(OptimizerState.AVERAGE, Transfer.F32);
        SerializerInstance kryo = new KryoSerializer(
                        new SparkConf(false).set("spark.kryo.registrator", "org.erat.data.RecordRegistrator"))
                .newInstance();

        RoundState state = new RoundState(1, 2, 3, 4, 5, encoding.encode(sent, 1));
        ByteBuffer bytes = kryo.serialize(state, ClassTag$.MODULE$.apply(RoundState.class));
        RoundState arrived = kryo.deserialize(bytes, ClassTag$.MODULE$.apply(RoundState.class));

        SharedValues values = arrived.values(encoding);
        for (int i = 0; i < layout.parameters() + layout.stateLength(); i++) {
            assertThat(Float.floatToRawIntBits(value(values, i))).isEqualTo(Float.floatToRawIntBits(value(sent, i)));
        }
        assertThat(arrived.bytes()).isEqualTo(20 + 4L * (layout.parameters() + layout.stateLength()));
        assertThat(bytes.remaining() - arrived.bytes()).isBetween(0L, 1000L);
    }

    /** Between two neighbours of the code: no value is off by a step, and none by more than half of one on average. */
    @ParameterizedTest
    @CsvSource({"BF16, AVERAGE", "INT8, AVERAGE", "INT8, FACTORED"})
    void roundingIsByLessThanAStepAndOnAverageByNothing(Transfer transfer, OptimizerState optimizerState) {
        Encoding encoding = encoding(optimizerState, transfer);
        SharedValues sent = values(2);
        int draws = 400;
        double worst = 0;
        double[] sums = new double[layout.parameters() + layout.stateLength()];
        double[] steps = steps(sent, transfer);
        boolean[] excepted = optimizerState == OptimizerState.FACTORED ? secondMoments() : new boolean[steps.length];
        for (int round = 0; round < draws; round++) {
            SharedValues arrived = arrived(encoding, sent, round);
            for (int i = 0; i < sums.length; i++) {
                sums[i] += value(arrived, i);
                if (!excepted[i] && steps[i] > 0) {
                    worst = Math.max(worst, Math.abs((double) value(arrived, i) - value(sent, i)) / steps[i]);
                }
            }
        }
        // And two roundings of floats.
        assertThat(worst).isLessThan(1.0001);
        for (int i = 0; i < sums.length; i++) {
            if (!excepted[i]) {
                // A draw between two neighbours has a standard deviation of half a step at most: five of a mean of
                // draws.
                double tolerance = 5 * 0.5 * steps[i] / Math.sqrt(draws) + 1e-6 * Math.abs(value(sent, i));
                assertThat(sums[i] / draws).isCloseTo(value(sent, i), within(tolerance));
            }
        }
    }

    /** By index. */
    private boolean[] secondMoments() {
        boolean[] second = new boolean[layout.parameters() + layout.stateLength()];
        for (Slice slice : Slice.of(layout, true)) {
            for (int row = 0; row < slice.rows(); row++) {
                for (ParameterLayout.Run run : slice.runs(row)) {
                    Arrays.fill(second, run.from(), run.to(), run.kind() == ParameterLayout.Kind.SECOND_MOMENTS);
                }
            }
        }
        return second;
    }

    /** By index, the distance of neighbours around a value. */
    private double[] steps(SharedValues sent, Transfer transfer) {
        double[] steps = new double[layout.parameters() + layout.stateLength()];
        for (Slice slice : Slice.of(layout, true)) {
            for (int row = 0; row < slice.rows(); row++) {
                for (ParameterLayout.Run run : slice.runs(row)) {
                    for (int at = run.from(); at < run.to(); at += run.width()) {
                        double largest = 0;
                        for (int i = at; i < at + run.width(); i++) {
                            largest = Math.max(largest, Math.abs(value(sent, i)));
                        }
                        for (int i = at; i < at + run.width(); i++) {
                            double value = Math.abs(value(sent, i));
                            boolean second = run.kind() == ParameterLayout.Kind.SECOND_MOMENTS;
                            steps[i] = run.kind() == ParameterLayout.Kind.COUNTS
                                    ? 0
                                    : transfer == Transfer.BF16
                                            // 8 bits of significand.
                                            ? Math.pow(2, Math.floor(Math.log(value) / Math.log(2)) - 7)
                                            // 3 bits after the leading one, of the share of the largest.
                                            : second ? value / 8 : largest / 127;
                        }
                    }
                }
            }
        }
        return steps;
    }

    @Test
    void secondMomentsInBytesAreNeitherNegativeNorLost() {
        SharedValues sent = values(3);
        boolean[] second = secondMoments();
        forEachPair((ofFirst, ofSecond, column) -> {
            if (column % 3 == 0) {
                sent.copyIn(ofFirst, new float[] {0}, 0, 1);
                sent.copyIn(ofSecond, new float[] {column % 2 == 0 ? 0 : Float.MIN_VALUE}, 0, 1);
            }
        });

        SharedValues arrived = arrived(encoding(OptimizerState.AVERAGE, Transfer.INT8), sent, 1);

        for (int i = 0; i < layout.stateLength(); i++) {
            if (second[layout.parameters() + i]) {
                assertThat(arrived.optimizer()[i] > 0).isEqualTo(sent.optimizer()[i] > 0);
                assertThat(arrived.optimizer()[i]).isNotNegative();
            }
        }
    }

    /** Sums over rows and columns of the rows that travel; and all of a matrix that is a column times a row. */
    @Test
    void factoredSecondMomentsKeepSumsAndProducts() {
        Encoding encoding = encoding(OptimizerState.FACTORED, Transfer.F32);
        SharedValues sent = values(4);
        AdapterLayout.Slot slot = layout.adapters().slots().get(1);
        int second = layout.adapterGroup().stateFrom() + layout.adapterGroup().length();
        int b = second + (int) slot.rowOfB(0);
        for (int row = 0; row < slot.rank(); row++) {
            for (int o = 0; o < slot.out(); o++) {
                sent.optimizer()[b + row * slot.out() + o] = (row + 1) * (o + 0.5f);
            }
        }

        SharedValues arrived = arrived(encoding, sent, 1);

        assertThat(arrived.parameters()).containsExactly(sent.parameters());
        for (int i = b; i < b + slot.rank() * slot.out(); i++) {
            // Three roundings of floats, of 6e-8 each.
            assertThat((double) arrived.optimizer()[i])
                    .isCloseTo(sent.optimizer()[i], within(3e-7 * sent.optimizer()[i]));
        }
        int a = second + (int) slot.rowOfA(0);
        for (int row = 0; row < slot.rank(); row++) {
            same(arrived, sent, a + row * slot.in(), slot.in(), 1);
        }
        for (int column = 0; column < slot.in(); column++) {
            same(arrived, sent, a + column, slot.rank(), slot.in());
        }
    }

    /** Of a row whose gradients are 1, 1e-3, 1e-5, …, in a steady state: a step would be of one learning rate. */
    @ParameterizedTest
    @CsvSource({"INT8, AVERAGE", "INT8, FACTORED", "F32, FACTORED", "BF16, AVERAGE"})
    void noStepIsLongerThanAdamWsLongest(Transfer transfer, OptimizerState optimizerState) {
        SharedValues sent = values(4);
        forEachPair((first, second, column) -> {
            float gradient = (float) Math.pow(10, -2 * ((first + column) % 4));
            sent.copyIn(first, new float[] {gradient}, 0, 1);
            sent.copyIn(second, new float[] {gradient * gradient}, 0, 1);
        });
        double longest = (1 - 0.9) / Math.sqrt((1 - 0.999) * (1 - 0.9 * 0.9 / 0.999));
        for (int round = 0; round < 20; round++) {
            SharedValues arrived = arrived(encoding(optimizerState, transfer), sent, round);
            forEachPair((first, second, column) ->
                    // Of three roundings to floats.
                    assertThat(Math.abs(value(arrived, first)))
                            .isLessThanOrEqualTo((float) (1.000_001 * longest * Math.sqrt(value(arrived, second)))));
        }
    }

    /** Takes the indices of the two moments of a parameter, and its place in its row. */
    private interface Pair {
        void accept(int first, int second, int column);
    }

    private void forEachPair(Pair pair) {
        for (ParameterLayout.Group group : List.of(layout.adapterGroup(), layout.headGroup())) {
            int first = layout.parameters() + group.stateFrom();
            for (int i = 0; i < group.length(); i++) {
                pair.accept(first + i, first + group.length() + i, i);
            }
        }
    }

    private static void same(SharedValues arrived, SharedValues sent, int from, int count, int stride) {
        double expected = 0;
        double actual = 0;
        for (int i = 0; i < count; i++) {
            expected += sent.optimizer()[from + i * stride];
            actual += arrived.optimizer()[from + i * stride];
        }
        // Roundings of floats.
        assertThat(actual).isCloseTo(expected, within(1e-6 * expected));
    }

    @ParameterizedTest
    @EnumSource(Transfer.class)
    void aShardSendsTheRowsThatItTrainedAndWhatItAddedToThem(Transfer transfer) {
        Encoding encoding = encoding(OptimizerState.AVERAGE, transfer);
        SharedValues start = values(5);
        SharedValues after = values(6);
        for (int i = 0; i < layout.parameters(); i++) {
            after.parameters()[i] = start.parameters()[i] + 1e-3f * after.parameters()[i];
        }
        byte[] sent = encoding.encode(after, start, rowWeights, TARGETS, 2, 1);
        ShardResult result = new ShardResult(1, 5, 1, TARGETS, 1, 0, 1, 1, rowWeights, sent, 1, null);

        float[] arrived = start.parametersOf(result, encoding);

        for (AdapterLayout.Slot slot : layout.adapters().slots()) {
            for (int row = 0; row < slot.rank(); row++) {
                boolean trained = rowWeights[slot.index()][row] > 0;
                layout.rowParameters(slot, row, (from, to) -> {
                    float[] expected = Arrays.copyOfRange((trained ? after : start).parameters(), from, to);
                    // int8: 1/127 of the row's largest difference, which is below 5 standard deviations. bf16: 1/128 of
                    // each. And a rounding of values below 5.
                    float tolerance = transfer == Transfer.F32 || !trained ? 0 : 5e-3f / 127 + 3e-7f;
                    assertThat(Arrays.copyOfRange(arrived, from, to)).containsExactly(expected, within(tolerance));
                });
            }
        }
        assertThat(result.bytes())
                .isEqualTo(sent.length
                        + 60
                        + 4L
                                * Arrays.stream(rowWeights)
                                        .mapToInt(rows -> rows.length)
                                        .sum());
    }

    @ParameterizedTest
    @EnumSource(Transfer.class)
    void drawsBelongToTheRoundAndTheShard(Transfer transfer) {
        Encoding encoding = encoding(OptimizerState.FACTORED, transfer);
        byte[] once = encoding.encode(values(8), values(9), rowWeights, TARGETS, 2, 1);

        assertThat(encoding(OptimizerState.FACTORED, transfer).encode(values(8), values(9), rowWeights, TARGETS, 2, 1))
                .isEqualTo(once);
        if (transfer != Transfer.F32) {
            assertThat(encoding.encode(values(8), values(9), rowWeights, TARGETS, 2, 0))
                    .isNotEqualTo(once);
            assertThat(encoding.encode(values(8), values(9), rowWeights, TARGETS, 3, 1))
                    .isNotEqualTo(once);
        }
    }

    /** BERT-base with rank 8 on query and value, both ways, over its 438 MB. */
    @ParameterizedTest
    @CsvSource({
        "AVERAGE, F32, 0.0487",
        "RESET, F32, 0.0163",
        "AVERAGE, BF16, 0.0244",
        "FACTORED, BF16, 0.0170",
        "AVERAGE, INT8, 0.0123",
        "FACTORED, INT8, 0.0087",
        "RESET, BF16, 0.0082",
        "RESET, INT8, 0.0041"
    })
    void bytesOfABertBase(OptimizerState optimizerState, Transfer transfer, double most) {
        ParameterLayout bertBase = FakeShards.of(12, 768, 8).layout();
        Encoding.Lengths lengths =
                Encoding.of(bertBase, optimizerState, transfer, 1).lengths();

        double share = 2.0 * (lengths.adapters() + lengths.head() + lengths.optimizer()) / 438e6;
        assertThat(share).isBetween(0.97 * most, most);
    }
}
