package org.erat.cli;

import java.util.stream.Stream;
import org.erat.data.UsageException;
import org.erat.generation.GenerationSettings;
import org.erat.generation.Strategy;
import picocli.CommandLine.Option;

/** Options that say how tokens are chosen: greedy search, unless beams or a temperature ask for another strategy. */
final class DecodingOptions {
    @Option(
            names = "--max-new-tokens",
            paramLabel = "N",
            defaultValue = "64",
            description = "Most tokens of a completion (default: ${DEFAULT-VALUE}).")
    private int maxNewTokens;

    @Option(
            names = "--no-repeat-ngram",
            paramLabel = "N",
            defaultValue = "0",
            description = "No N tokens in a row occur twice in a completion; 0 for no such rule (default:"
                    + " ${DEFAULT-VALUE}).")
    private int noRepeatNgram;

    @Option(names = "--beams", paramLabel = "K", description = "Beam search with K completions at a time.")
    private Integer beams;

    @Option(
            names = "--length-penalty",
            paramLabel = "A",
            description = "Of beam search: completions compare by log probability / length^A (default: 1).")
    private Double lengthPenalty;

    @Option(
            names = "--temperature",
            paramLabel = "T",
            description =
                    "Draw tokens from softmax(logits / T) (default: 1 where --top-k, --top-p or --seed is given).")
    private Double temperature;

    @Option(names = "--top-k", paramLabel = "K", description = "Draw from the K likeliest tokens only.")
    private Integer topK;

    @Option(
            names = "--top-p",
            paramLabel = "P",
            description = "Draw from the fewest likeliest tokens only whose probabilities sum to P.")
    private Double topP;

    @Option(names = "--seed", paramLabel = "S", description = "Seed of what is drawn (default: 0).")
    private Long seed;

    GenerationSettings settings() {
        return new GenerationSettings(maxNewTokens, noRepeatNgram, strategy());
    }

    private Strategy strategy() {
        boolean samples = Stream.of(temperature, topK, topP, seed).anyMatch(option -> option != null);
        if (samples && (beams != null || lengthPenalty != null)) {
            throw new UsageException(
                    "--beams and --length-penalty are of beam search, --temperature, --top-k, --top-p and"
                            + " --seed of sampling. Choose one of both.");
        }
        if (samples) {
            return new Strategy.Sampling(
                    temperature == null ? 1 : temperature,
                    topK == null ? 0 : topK,
                    topP == null ? 1 : topP,
                    seed == null ? 0 : seed);
        }
        if (beams == null && lengthPenalty != null) {
            throw new UsageException("--length-penalty is of beam search. Name a number of --beams as well.");
        }
        return beams == null
                ? new Strategy.Greedy()
                : new Strategy.Beam(beams, lengthPenalty == null ? 1 : lengthPenalty);
    }
}
