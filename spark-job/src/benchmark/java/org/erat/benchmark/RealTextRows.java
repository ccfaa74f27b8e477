package org.erat.benchmark;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.erat.data.tokenized.LengthBuckets;
import org.erat.data.tokenized.PackedExamples;
import org.erat.head.HeadSpec;
import org.erat.prefix.PassInputs;

/** Epochs over real text: the job's length buckets beside the peer's batches in random order, padded to the longest. */
final class RealTextRows {
    static final String SPEED = "real-text";
    static final String PADDING = "padding";
    static final String PREPARED = "prepared-padding";

    private static final int BATCH = 32;
    private static final int PREPARED_BATCH = 16;
    private static final int SHARDS = 2;
    private static final Map<String, String> TARGETS = Map.of("sst2", "≥ 2.5 ×", "mrpc", "≥ 1.3 ×");

    private final Bench bench;
    private final Set<String> rows;

    RealTextRows(Bench bench, Set<String> rows) {
        this.bench = bench;
        this.rows = rows;
    }

    void measure() {
        if (rows.contains(PADDING)) {
            List.of("sst2", "mrpc", "rte").forEach(this::padding);
        }
        if (rows.contains(PREPARED)) {
            ofPrepared();
        }
        if (rows.contains(SPEED)) {
            speed("sst2", bench.times(12, 4));
            speed("mrpc", bench.times(6, 3));
        }
    }

    private void padding(String task) {
        PackedExamples all = bench.examples(task);
        padding(PADDING, Workspace.GLUE.get(task), all, lengths(all), BATCH);
    }

    /** Of prepared completions, as what a model reads depends on how it predicts them. */
    private void ofPrepared() {
        PackedExamples all = bench.examples(Workspace.PREPARED);
        HeadSpec masked = HeadSpec.ofVocabulary(1, 1, HeadSpec.Loss.MASKED_TOKEN);
        padding(PREPARED, "decoders, and encoders with prefix.objective = causal", all, lengths(all), PREPARED_BATCH);
        padding(
                PREPARED,
                "encoders with prefix.objective = pseudo-mask",
                all,
                PassInputs.lengths(masked, all),
                PREPARED_BATCH);
    }

    /** @param lengths [n] tokens of each example in a pass */
    private void padding(String row, String what, PackedExamples all, int[] lengths, int batchSize) {
        List<int[]> bucketed = new ArrayList<>();
        for (int shard = 0; shard < SHARDS; shard++) {
            bucketed.addAll(bucketed(all, lengths, batchSize, shard));
        }
        double ours = LengthBuckets.paddedShare(lengths, bucketed.toArray(int[][]::new));
        double peer = LengthBuckets.paddedShare(lengths, shuffled(lengths.length, batchSize).toArray(int[][]::new));
        bench.add(new Line(
                row,
                what + ", share of padded tokens; peer: batches in random order",
                "%",
                Samples.of(100 * ours),
                Samples.of(100 * peer),
                Double.NaN,
                "≤ 3 %",
                String.format(
                        Locale.ROOT,
                        "%,d examples, %d shards, batches of %d, %.1f tokens an example",
                        all.size(),
                        SHARDS,
                        batchSize,
                        IntStream.of(lengths).average().orElseThrow())));
    }

    private static int[] lengths(PackedExamples all) {
        return IntStream.range(0, all.size()).map(all::length).toArray();
    }

    /** Batches of a shard in an epoch of training, as indices into all examples. */
    private static List<int[]> bucketed(PackedExamples all, int[] lengths, int batchSize, int shard) {
        int[] members = IntStream.range(0, all.size())
                .filter(i -> all.id(i) % SHARDS == shard)
                .toArray();
        int[] ofMembers = IntStream.of(members).map(i -> lengths[i]).toArray();
        List<int[]> batches = new ArrayList<>();
        for (int[] batch : LengthBuckets.batches(ofMembers, batchSize, 1, 0, shard)) {
            batches.add(Arrays.stream(batch).map(i -> members[i]).toArray());
        }
        return batches;
    }

    private static List<int[]> shuffled(int count, int batchSize) {
        List<Integer> order =
                new ArrayList<>(IntStream.range(0, count).boxed().toList());
        Collections.shuffle(order, new Random(1));
        List<int[]> batches = new ArrayList<>();
        for (int from = 0; from < order.size(); from += batchSize) {
            batches.add(order.subList(from, Math.min(from + batchSize, order.size())).stream()
                    .mapToInt(Integer::intValue)
                    .toArray());
        }
        return batches;
    }

    private void speed(String task, int count) {
        PackedExamples all = bench.examples(task);
        List<int[]> bucketed = bucketed(all, lengths(all), BATCH, 0);
        bucketed.addAll(bucketed(all, lengths(all), BATCH, 1));
        List<int[]> ours = sample(all, bucketed, count);
        List<int[]> peer = sample(all, shuffled(all.size(), BATCH), count);
        Map<String, Samples> speeds = new Contest()
                .add("ours", () -> tokensPerSecond(bench.ours(), task, all, ours))
                .add("peer", () -> tokensPerSecond(bench.torch(), task, all, peer))
                .run(1, bench.times(2, 1));
        Samples fast = speeds.get("ours");
        Samples slow = speeds.get("peer");
        bench.add(new Line(
                SPEED,
                Workspace.GLUE.get(task) + ", useful tokens each second, BERT-base f32",
                "tokens/s",
                fast,
                slow,
                fast.median() / slow.median(),
                TARGETS.get(task),
                String.format(
                        Locale.ROOT,
                        "%d of the epoch's %,d batches of %d, the middle ones of equal groups by padded length, on each"
                                + " side; each batch was run once before",
                        count,
                        bucketed.size(),
                        BATCH)));
    }

    /** Batches that stand for an epoch: sorted by padded length and cut into equal groups, the middle one of each. */
    private static List<int[]> sample(PackedExamples all, List<int[]> epoch, int count) {
        List<int[]> full = new ArrayList<>(
                epoch.stream().filter(batch -> batch.length == BATCH).toList());
        full.sort(Comparator.comparingInt(batch -> longest(all, batch)));
        List<int[]> sample = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            sample.add(full.get((int) ((i + 0.5) * full.size() / count)));
        }
        return sample;
    }

    private static int longest(PackedExamples all, int[] batch) {
        return Arrays.stream(batch).map(all::length).max().orElseThrow();
    }

    private double tokensPerSecond(Child side, String task, PackedExamples all, List<int[]> batches) {
        double seconds = 0;
        long tokens = 0;
        for (int[] batch : batches) {
            seconds += bench.train(side, Workspace.BASE, Bench.LORA, Bench.F32, task, batch, 0);
            tokens += Arrays.stream(batch).map(all::length).sum();
        }
        return tokens / seconds;
    }
}
