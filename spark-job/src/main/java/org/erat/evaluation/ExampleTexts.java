package org.erat.evaluation;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.erat.data.BadInputException;
import org.erat.data.text.TextTokenizer;
import org.erat.data.tokenized.PackedExamples;
import org.erat.inference.AdapterUse;
import scala.Tuple2;

/** Texts of a few examples of a data set, which holds their tokens only. */
final class ExampleTexts {
    /** Enough to see what an example is about. */
    private static final int MOST_LETTERS = 400;

    private ExampleTexts() {}

    /**
     * The texts by id, cut where they are long, two texts of an example with a bar between them. A line says so where the
     * base model has no tokenizer that can be used, which a run does not need, and there are none.
     *
     * @param ids whose texts are wanted
     */
    static Map<Long, String> of(
            JavaRDD<PackedExamples> shards,
            Set<Long> ids,
            AdapterUse use,
            Configuration hadoop,
            Consumer<String> progress) {
        TextTokenizer tokenizer;
        try {
            tokenizer = TextTokenizer.read(
                    hadoop,
                    new Path(use.modelUri()),
                    use.adapter().architecture().vocabulary());
        } catch (BadInputException e) {
            progress.accept("The report has no texts of examples: " + e.getMessage());
            return Map.of();
        }
        List<Tuple2<Long, List<int[]>>> tokens =
                shards.flatMap(shard -> texts(shard, ids).iterator()).collect();
        Map<Long, String> texts = new HashMap<>();
        try (TextTokenizer.Opened opened = tokenizer.open()) {
            for (Tuple2<Long, List<int[]>> example : tokens) {
                texts.put(
                        example._1(),
                        shortened(example._2().stream().map(opened::text).collect(Collectors.joining(" | "))));
            }
        }
        return texts;
    }

    private static List<Tuple2<Long, List<int[]>>> texts(PackedExamples shard, Set<Long> ids) {
        List<Tuple2<Long, List<int[]>>> found = new ArrayList<>();
        for (int i = 0; i < shard.size(); i++) {
            if (ids.contains(shard.id(i))) {
                found.add(new Tuple2<>(shard.id(i), parts(shard, i)));
            }
        }
        return found;
    }

    /** The tokens of each text of an example, by their types. */
    private static List<int[]> parts(PackedExamples shard, int example) {
        List<int[]> parts = new ArrayList<>();
        int from = 0;
        for (int t = 1; t <= shard.length(example); t++) {
            if (t == shard.length(example) || shard.type(example, t) != shard.type(example, from)) {
                parts.add(IntStream.range(from, t)
                        .map(token -> shard.token(example, token))
                        .toArray());
                from = t;
            }
        }
        return parts;
    }

    private static String shortened(String text) {
        String whole = text.strip();
        return whole.length() <= MOST_LETTERS ? whole : whole.substring(0, MOST_LETTERS - 1) + "…";
    }
}
