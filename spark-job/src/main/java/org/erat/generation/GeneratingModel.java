package org.erat.generation;

import java.io.Serializable;
import javax.annotation.Nullable;
import org.erat.config.ComputeSettings;
import org.erat.data.BadInputException;
import org.erat.data.UsageException;
import org.erat.data.architecture.Architecture;
import org.erat.head.HeadSpec;
import org.erat.inference.Selection;
import org.erat.model.BaseModel;

/**
 * What completes prompts.
 *
 * @param uri directory of the base model, a Hadoop path
 * @param sha256 of its weights
 * @param selection rows of the adapter that take part, which may be none of them; null for a base model without one
 * @param tokens where texts end, and more
 * @param context most tokens of prompt and completion together
 */
public record GeneratingModel(
        String uri,
        String sha256,
        Architecture architecture,
        @Nullable Selection selection,
        SpecialTokens tokens,
        int context,
        ComputeSettings compute)
        implements Serializable {
    /**
     * A base model, with an adapter or without.
     *
     * @throws BadInputException if it is an encoder, and no adapter says how it predicts tokens
     * @throws UsageException if the adapter is no language model's
     */
    public static GeneratingModel of(
            BaseModel base, @Nullable Selection selection, SpecialTokens tokens, ComputeSettings compute) {
        requireTexts(base, selection);
        return new GeneratingModel(
                base.uri(), base.weightsSha256(), base.architecture(), selection, tokens, base.maxLength(), compute);
    }

    /**
     * Checks that a model generates text.
     *
     * @throws BadInputException as {@link #of}
     * @throws UsageException as {@link #of}
     */
    static void requireTexts(BaseModel base, @Nullable Selection selection) {
        if (selection == null && !base.architecture().causal()) {
            throw new BadInputException(base.uri() + "/config.json: models of the family "
                    + base.architecture().family()
                    + " are encoders, which generate text only in the way that an adapter was trained for. Name a run of"
                    + " language modeling with --run-dir; with --rank 0 it is the base model without the adapter. Or use a"
                    + " decoder such as GPT-2 or LLaMA.");
        }
        if (selection != null && !selection.adapter().head().predictsTokens()) {
            throw new UsageException("The adapter is for " + selection.adapter().type()
                    + ", not for a language model, and generates no text. Use predict.");
        }
    }

    /** The head that predicts tokens: what an adapter was trained with, or a decoder's own. */
    HeadSpec head() {
        return selection == null
                ? HeadSpec.ofVocabulary(architecture.width(), architecture.vocabulary(), HeadSpec.Loss.NEXT_TOKEN)
                : selection.adapter().head();
    }

    /** The same with other rows of the adapter. */
    GeneratingModel with(Selection other) {
        return new GeneratingModel(uri, sha256, architecture, other, tokens, context, compute);
    }
}
