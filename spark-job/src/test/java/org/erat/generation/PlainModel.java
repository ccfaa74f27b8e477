package org.erat.generation;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.erat.data.SplitMix64;

/** A language model without weights: logits are a pure function of all tokens before. */
record PlainModel(int vocabulary, long seed) {
    static final int END = 0;

    /** In [0, 4). */
    float[] logits(int... tokens) {
        long key = SplitMix64.mix(seed + 31L * Arrays.hashCode(tokens));
        float[] logits = new float[vocabulary];
        for (int token = 0; token < vocabulary; token++) {
            logits[token] = (SplitMix64.mix(key + token) >>> 40) * 0x1p-22f;
        }
        return logits;
    }

    double[] logProbabilities(int... tokens) {
        float[] logits = logits(tokens);
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit);
        }
        double all = Math.log(sum);
        return IntStream.range(0, vocabulary).mapToDouble(v -> logits[v] - all).toArray();
    }

    static int[] with(int[] tokens, int token) {
        int[] longer = Arrays.copyOf(tokens, tokens.length + 1);
        longer[tokens.length] = token;
        return longer;
    }

    static int[] joined(int[] first, int... second) {
        int[] all = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, all, first.length, second.length);
        return all;
    }

    /** Sequences that are read again at each step. */
    SequenceBatch read(List<Prompt> prompts) {
        return new SequenceBatch() {
            private int[][] sequences = prompts.stream().map(Prompt::tokens).toArray(int[][]::new);

            @Override
            public float[] logits(int sequence) {
                return PlainModel.this.logits(sequences[sequence]);
            }

            @Override
            public void advance(int[] sources, int[] tokens) {
                int[][] before = sequences;
                sequences = IntStream.range(0, sources.length)
                        .mapToObj(s -> with(before[sources[s]], tokens[s]))
                        .toArray(int[][]::new);
            }

            @Override
            public void close() {
                sequences = null;
            }
        };
    }
}
