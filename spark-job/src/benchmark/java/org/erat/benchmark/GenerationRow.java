package org.erat.benchmark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.LongStream;
import org.apache.hadoop.conf.Configuration;
import org.erat.config.ComputeSettings;
import org.erat.generation.GeneratingModel;
import org.erat.generation.GenerationSettings;
import org.erat.generation.Generator;
import org.erat.generation.Prompt;
import org.erat.generation.SpecialTokens;
import org.erat.generation.Strategy;
import org.erat.model.BaseModel;

/**
 * Tokens a second of greedy search with GPT-2's smallest model, whose weights are random. It has no peer: libtorch's side
 * has no decoder.
 */
final class GenerationRow {
    static final String ROW = "generate";

    private static final int BATCH = 8;
    private static final int PROMPT_TOKENS = 32;
    private static final int NEW_TOKENS = 128;

    private final Bench bench;

    GenerationRow(Bench bench) {
        this.bench = bench;
    }

    void measure() throws IOException {
        Path model = bench.folder().resolve("model-gpt2");
        RandomBaseModel.writeGpt2(model, bench.model(Workspace.BASE));
        Contest contest = new Contest();
        for (String precision : List.of(Bench.F32, Bench.BF16)) {
            contest.add(
                    precision,
                    () -> BATCH
                            * NEW_TOKENS
                            / bench.ours()
                                    .ask(Child.request(ROW)
                                            .put("model", model.toString())
                                            .put("precision", precision))
                                    .get("seconds")
                                    .asDouble());
        }
        Map<String, Samples> rates = contest.run(1, bench.times(5, 2));
        rates.forEach((precision, rate) -> bench.add(Line.figure(
                ROW,
                String.format(
                        "GPT-2 %s, %d prompts of %d tokens, %d new tokens each",
                        precision, BATCH, PROMPT_TOKENS, NEW_TOKENS),
                "tokens/s",
                rate,
                "",
                "greedy; reading the prompts counts as well")));
    }

    /** Seconds in which a model completes the prompts. */
    static double seconds(Path model, ComputeSettings compute) {
        BaseModel base = BaseModel.describe(model.toUri().toString(), new Configuration());
        Random random = new Random(1);
        List<Prompt> prompts = LongStream.range(0, BATCH)
                .mapToObj(id -> new Prompt(
                        id,
                        "benchmark",
                        "",
                        random.ints(PROMPT_TOKENS, 0, base.architecture().vocabulary())
                                .toArray()))
                .toList();
        // Without an end token every completion has the same length.
        try (Generator generator = new Generator(
                GeneratingModel.of(base, null, new SpecialTokens(Set.of(), Set.of(), 0), compute),
                new GenerationSettings(NEW_TOKENS, 0, new Strategy.Greedy()))) {
            long start = System.nanoTime();
            generator.complete(prompts);
            return (System.nanoTime() - start) / 1e9;
        }
    }
}
