package org.erat.prefix;

import java.util.Arrays;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.erat.data.tokenized.Arrangement;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.Targets;
import org.erat.data.tokenized.Visibility;

/**
 * Masked tokens for all places of a target in one pass, {@code s2s-ft}'s way v2 (pseudo-masking, UniLMv2, arXiv
 * 2002.12804). Behind the intact example stands a pseudo token P_i for each predicted token t_i, at the position and with
 * the type of t_i, and predicts it:
 *
 * <pre>
 *   [CLS] s [SEP] ‖ t₁ … t_m ‖ P₁ … P_m      s sees s;  t_i sees s, t₁ … t_i;  P_i sees s, t₁ … t_{i−1}, P_i
 *                              │     │
 *                              t₁    t_m     predicted
 * </pre>
 *
 * <p>A pseudo token is the mask. In training it is the mask, a random token or t_i itself, and so is some of the history
 * that later tokens see ({@link Noise}): a kind of dropout of words.
 *
 * @param mask id of the mask token
 * @param vocabulary V, what random tokens are drawn from
 * @param padding id of the padding token
 */
record PseudoMask(int mask, int vocabulary, int padding) implements PassInputs {
    /** What stands for a token at a position of an example. */
    @FunctionalInterface
    private interface Stand {
        int in(int token, int example, int position);
    }

    @Override
    public Batch training(Batch plain, Noise noise) {
        return form(
                plain,
                (token, example, position) -> noise.history(token, example, position, mask, vocabulary),
                (token, example, position) -> noise.pseudoToken(token, example, position, mask, vocabulary));
    }

    @Override
    public Batch evaluation(Batch plain) {
        return form(plain, (token, example, position) -> token, (token, example, position) -> mask);
    }

    @Override
    public Batch prompts(Batch prompts, int type) {
        Formed formed = new Formed(
                prompts,
                IntStream.of(prompts.lengths()).map(length -> length + 1).toArray());
        int[] predicting = new int[prompts.size()];
        for (int b = 0; b < prompts.size(); b++) {
            int length = prompts.lengths()[b];
            for (int t = 0; t < length; t++) {
                int row = b * prompts.tokens() + t;
                formed.add(b, t, prompts.tokenIds()[row], prompts.typeIds()[row], length);
            }
            predicting[b] = formed.add(b, length, mask, type, length);
        }
        return formed.batch(predicting);
    }

    @Override
    public OptionalInt placeholder() {
        return OptionalInt.of(mask);
    }

    private Batch form(Batch plain, Stand history, Stand pseudoToken) {
        int[] lengths = plain.lengths().clone();
        int[] before = plain.targets().tokens();
        for (int row : before) {
            lengths[row / plain.tokens()]++;
        }
        Formed formed = new Formed(plain, lengths);
        int[] ends = Sources.ends(plain);
        for (int b = 0; b < plain.size(); b++) {
            int source = Math.min(ends[b] + 1, plain.lengths()[b]);
            for (int t = 0; t < plain.lengths()[b]; t++) {
                boolean ofTarget = t >= source;
                int row = b * plain.tokens() + t;
                int token = plain.tokenIds()[row];
                int stand = ofTarget ? history.in(token, b, t) : token;
                formed.add(b, t, stand, plain.typeIds()[row], ofTarget ? t + 1 : source);
            }
        }
        int[] predicting = new int[before.length];
        for (int i = 0; i < before.length; i++) {
            int b = before[i] / plain.tokens();
            int t = before[i] % plain.tokens() + 1;
            int row = before[i] + 1;
            int stand = pseudoToken.in(plain.tokenIds()[row], b, t);
            predicting[i] = formed.add(b, t, stand, plain.typeIds()[row], t);
        }
        return formed.batch(predicting);
    }

    /** The batch that is being formed. */
    private final class Formed {
        private final Batch plain;
        private final int[] lengths;
        private final int tokens;
        private final int[] filled;
        private final int[] tokenIds;
        private final int[] typeIds;
        private final int[] positions;
        private final int[] ends;

        Formed(Batch plain, int... lengths) {
            this.plain = plain;
            this.lengths = lengths;
            this.tokens = IntStream.of(lengths).max().orElseThrow();
            this.filled = new int[lengths.length];
            this.tokenIds = new int[lengths.length * tokens];
            this.typeIds = new int[tokenIds.length];
            this.positions = new int[tokenIds.length];
            this.ends = new int[tokenIds.length];
            Arrays.fill(tokenIds, padding);
        }

        /**
         * Appends a token in the place of another to an example.
         *
         * @param position of both
         * @param end of what it sees beside itself
         * @return its row of the batch
         */
        int add(int example, int position, int token, int type, int end) {
            int row = example * tokens + filled[example]++;
            tokenIds[row] = token;
            typeIds[row] = type;
            positions[row] = position;
            ends[row] = end;
            return row;
        }

        Batch batch(int... predicting) {
            return new Batch(
                    tokenIds,
                    typeIds,
                    lengths,
                    plain.ids(),
                    targets(predicting),
                    new Arrangement(positions, new Visibility(new int[ends.length], ends)));
        }

        private Targets targets(int... predicting) {
            if (!(plain.targets() instanceof Targets.TokenClasses known)) {
                return new Targets.Unknown(predicting);
            }
            int[] classes = new int[tokenIds.length];
            Arrays.fill(classes, Targets.NONE);
            int[] predicted = known.known();
            for (int i = 0; i < predicting.length; i++) {
                classes[predicting[i]] = predicted[i];
            }
            return new Targets.TokenClasses(classes);
        }
    }
}
