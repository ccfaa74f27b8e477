package org.erat.prefix;

import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.erat.data.architecture.Architecture;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.PackedExamples;
import org.erat.head.HeadSpec;
import org.erat.model.ModelRuntime;

/**
 * Forms what a pass reads from the examples of a data set. Most models read them as they are. An encoder that predicts
 * tokens sees what it predicts unless its tokens are arranged, as a prefix language model's: after {@code s2s-ft} of UniLM
 * (Bao et al., arXiv 2110.13640).
 *
 * <p>A plain example of a language model is a source, a target, and the next token as the class of each token before a
 * predicted one. The source ends where the first predicted token stands.
 */
public interface PassInputs {
    /** What a training pass reads. It has as many targets, in the same order. */
    Batch training(Batch plain, Noise noise);

    /** What a pass reads whose outputs count, without anything random. */
    Batch evaluation(Batch plain);

    /**
     * What a pass reads that is to predict the token behind each prompt; more tokens then follow one by one, over the keys
     * and values that the pass has kept.
     *
     * @param prompts plain examples, of which the last token has the only target
     * @param type token type of what is to follow
     * @return has as many targets, in the same order, each at the end of its example
     */
    Batch prompts(Batch prompts, int type);

    /**
     * The token that is read behind the newest one to predict the next token, and forgotten then. {@link #prompts} end with
     * it. Empty where the newest token itself predicts the next one.
     */
    default OptionalInt placeholder() {
        return OptionalInt.empty();
    }

    /**
     * What the passes of a head read.
     *
     * @throws org.erat.data.BadInputException if it predicts at mask tokens, and the tokenizer of the base model has none
     */
    static PassInputs of(HeadSpec head, ModelRuntime runtime) {
        Architecture architecture = runtime.transformer().architecture();
        if (head.loss() == HeadSpec.Loss.MASKED_TOKEN) {
            return new PseudoMask(runtime.maskTokenId(), architecture.vocabulary(), architecture.padTokenId());
        }
        return head.predictsTokens() && !architecture.causal()
                ? new PrefixCausal(architecture.tokenTypes())
                : new AsTheyAre();
    }

    /**
     * Tokens that a pass of a head has of each of some plain examples: what mini-batches of little padding go by.
     *
     * @return [n]
     */
    static int[] lengths(HeadSpec head, PackedExamples examples) {
        boolean masked = head.loss() == HeadSpec.Loss.MASKED_TOKEN;
        return IntStream.range(0, examples.size())
                .map(i -> examples.length(i) + (masked ? examples.target(i).count() : 0))
                .toArray();
    }

    /**
     * Most tokens of an example in a pass of a head.
     *
     * @param longest tokens of the longest plain example, all of which but the first may be predicted
     */
    static int longest(HeadSpec head, int longest) {
        return head.loss() == HeadSpec.Loss.MASKED_TOKEN ? 2 * longest - 1 : longest;
    }

    /** Examples as they are. */
    record AsTheyAre() implements PassInputs {
        @Override
        public Batch training(Batch plain, Noise noise) {
            return plain;
        }

        @Override
        public Batch evaluation(Batch plain) {
            return plain;
        }

        @Override
        public Batch prompts(Batch prompts, int type) {
            return prompts;
        }
    }
}
