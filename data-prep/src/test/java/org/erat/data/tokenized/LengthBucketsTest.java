package org.erat.data.tokenized;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class LengthBucketsTest {

    @Property(tries = 200)
    void everyExampleIsInExactlyOneBatchOfAnEpoch(
            @ForAll @Size(max = 60) List<@IntRange(min = 1, max = 12) Integer> lengths,
            @ForAll @IntRange(min = 1, max = 20) int batchSize,
            @ForAll long seed,
            @ForAll @IntRange(max = 5) int epoch,
            @ForAll @IntRange(max = 5) int shard) {
        int[][] batches = LengthBuckets.batches(array(lengths), batchSize, seed, epoch, shard);

        assertThat(Arrays.stream(batches).flatMapToInt(Arrays::stream).sorted().toArray())
                .isEqualTo(IntStream.range(0, lengths.size()).toArray());
    }

    @Property(tries = 200)
    void everyEpochHasAsManyBatchesAndOnlyTheLongestMayBeFewer(
            @ForAll @Size(min = 1, max = 60) List<@IntRange(min = 1, max = 12) Integer> lengths,
            @ForAll @IntRange(min = 1, max = 20) int batchSize,
            @ForAll long seed,
            @ForAll @IntRange(max = 5) int epoch) {
        int[] shard = array(lengths);
        int[][] batches = LengthBuckets.batches(shard, batchSize, seed, epoch, 0);

        assertThat(batches).hasNumberOfRows((int) Math.ceil(lengths.size() / (double) batchSize));
        assertThat(LengthBuckets.batchCount(lengths.size(), batchSize)).isEqualTo(batches.length);
        int longest = lengths.stream().mapToInt(Integer::intValue).max().orElseThrow();
        for (int[] batch : batches) {
            if (batch.length < batchSize) {
                assertThat(batch).hasSize(lengths.size() % batchSize);
                assertThat(Arrays.stream(batch).map(i -> shard[i]).max()).hasValue(longest);
            }
        }
    }

    @Property(tries = 100)
    void batchesHoldNeighboursInLength(
            @ForAll @Size(min = 1, max = 60) List<@IntRange(min = 1, max = 12) Integer> lengths,
            @ForAll @IntRange(min = 1, max = 20) int batchSize,
            @ForAll long seed) {
        int[] shard = array(lengths);
        int[][] batches = LengthBuckets.batches(shard, batchSize, seed, 0, 0);

        int[] byLength = Arrays.stream(batches)
                .sorted((a, b) -> {
                    int order = Integer.compare(shortest(shard, a), shortest(shard, b));
                    return order != 0 ? order : Integer.compare(longest(shard, a), longest(shard, b));
                })
                .flatMapToInt(Arrays::stream)
                .map(i -> shard[i])
                .toArray();
        assertThat(byLength).isSorted();
    }

    @Property(tries = 50)
    void theSameArgumentsGiveTheSameBatches(
            @ForAll @Size(max = 40) List<@IntRange(min = 1, max = 5) Integer> lengths, @ForAll long seed) {
        int[] shard = array(lengths);

        assertThat(LengthBuckets.batches(shard, 4, seed, 2, 3))
                .isDeepEqualTo(LengthBuckets.batches(shard, 4, seed, 2, 3));
    }

    @Example
    void seedEpochAndShardEachChangeTheOrder() {
        int[] shard = IntStream.range(0, 200).map(i -> 1 + i % 3).toArray();
        int[][] batches = LengthBuckets.batches(shard, 4, 1, 0, 0);

        assertThat(LengthBuckets.batches(shard, 4, 2, 0, 0)).isNotEqualTo(batches);
        assertThat(LengthBuckets.batches(shard, 4, 1, 1, 0)).isNotEqualTo(batches);
        assertThat(LengthBuckets.batches(shard, 4, 1, 0, 1)).isNotEqualTo(batches);
    }

    @Example
    void epochsPutExamplesOfEqualLengthIntoDifferentCompany() {
        int[] shard = IntStream.range(0, 64).map(i -> 5).toArray();

        assertThat(companions(LengthBuckets.batches(shard, 8, 1, 0, 0), 0))
                .isNotEqualTo(companions(LengthBuckets.batches(shard, 8, 1, 1, 0), 0));
    }

    /** 6000 draws of which batch comes first among 6: each 1000 times, give or take 5 standard deviations of 28.9. */
    @Example
    void everyBatchIsEquallyLikelyToComeFirst() {
        int[] shard = {1, 2, 3, 4, 5, 6};
        int[] first = new int[6];
        for (int epoch = 0; epoch < 6000; epoch++) {
            first[LengthBuckets.batches(shard, 1, 7, epoch, 0)[0][0]]++;
        }

        assertThat(first).satisfies(counts -> Arrays.stream(counts)
                .forEach(count -> assertThat(count).isCloseTo(1000, within(145))));
    }

    @Example
    void sequentialBatchesAscendInLengthAndKeepTheOrderOfEquals() {
        int[] shard = {3, 1, 2, 1, 3};

        assertThat(LengthBuckets.sequential(shard, 2)).isDeepEqualTo(new int[][] {{1, 3}, {2, 0}, {4}});
    }

    @Example
    void paddedShareCountsPaddingAmongAllTokens() {
        int[] shard = {1, 4, 2, 2};

        // [1,4] is padded to 2·4 with 3 of padding; [2,2] to 2·2 with none.
        assertThat(LengthBuckets.paddedShare(shard, new int[][] {{0, 1}, {2, 3}}))
                .isEqualTo(3 / 12.0);
        assertThat(LengthBuckets.paddedShare(shard, new int[0][])).isZero();
    }

    private static int[] array(List<Integer> lengths) {
        return lengths.stream().mapToInt(Integer::intValue).toArray();
    }

    private static int shortest(int[] shard, int... batch) {
        return Arrays.stream(batch).map(i -> shard[i]).min().orElseThrow();
    }

    private static int longest(int[] shard, int... batch) {
        return Arrays.stream(batch).map(i -> shard[i]).max().orElseThrow();
    }

    private static List<Integer> companions(int[][] batches, int example) {
        return Arrays.stream(batches)
                .filter(batch -> Arrays.stream(batch).anyMatch(i -> i == example))
                .flatMapToInt(Arrays::stream)
                .sorted()
                .boxed()
                .toList();
    }
}
