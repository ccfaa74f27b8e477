package org.erat.cli;

import java.util.Objects;
import java.util.stream.Stream;
import org.erat.data.UsageException;
import org.erat.generation.GenerationSettings;
import org.erat.generation.Strategy;
import picocli.CommandLine.Option;

/** Options that say how tokens are chosen: greedy search, unless beams or a temperature ask for another strategy. */
final class DecodingOptions {
    private static final int BATCH_SIZE = 16;

    /**
     * What they say.
     *
     * @param batchSize prompts that a task completes together
     */
    record Choice(GenerationSettings settings, int batchSize) {}

    @Option(
            names = "--max-new-tokens",
            paramLabel = "N",
            description = "Most tokens of a completion (default: " + GenerationSettings.MAX_NEW_TOKENS + ").")
    private Integer maxNewTokens;

    @Option(
            names = "--no-repeat-ngram",
            paramLabel = "N",
            description = "No N tokens in a row occur twice in a completion; 0 for no such rule (default: 0).")
    private Integer noRepeatNgram;

    @Option(
            names = "--batch-size",
            paramLabel = "N",
            description = "Prompts that a task completes together (default: " + BATCH_SIZE + ").")
    private Integer batchSize;

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

    /** Whether any of them is given. */
    boolean given() {
        return samples() || searchesBeams() || isAny(maxNewTokens, noRepeatNgram, batchSize);
    }

    private boolean samples() {
        return isAny(temperature, topK, topP, seed);
    }

    private boolean searchesBeams() {
        return isAny(beams, lengthPenalty);
    }

    private static boolean isAny(Object... options) {
        return Stream.of(options).anyMatch(Objects::nonNull);
    }

    Choice choice() {
        int size = Objects.requireNonNullElse(batchSize, BATCH_SIZE);
        if (size < 1) {
            throw new UsageException("--batch-size " + size + " is below 1. Name 1 prompt or more.");
        }
        return new Choice(
                new GenerationSettings(
                        Objects.requireNonNullElse(maxNewTokens, GenerationSettings.MAX_NEW_TOKENS),
                        Objects.requireNonNullElse(noRepeatNgram, 0),
                        strategy()),
                size);
    }

    private Strategy strategy() {
        if (samples() && searchesBeams()) {
            throw new UsageException(
                    "--beams and --length-penalty are of beam search, --temperature, --top-k, --top-p and"
                            + " --seed of sampling. Choose one of both.");
        }
        if (samples()) {
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
