package org.erat.generation;

import java.io.Serializable;
import java.util.Set;
import javax.annotation.Nullable;
import org.erat.config.ComputeSettings;
import org.erat.data.BadInputException;
import org.erat.data.UsageException;
import org.erat.data.architecture.Architecture;
import org.erat.inference.Selection;
import org.erat.model.BaseModel;

/**
 * What completes prompts.
 *
 * @param uri directory of the base model, a Hadoop path
 * @param sha256 of its weights
 * @param selection rows of the adapter that take part; null for the base model alone
 * @param endTokens tokens at which it ends a text, at least one
 * @param context most tokens of prompt and completion together
 */
public record GeneratingModel(
        String uri,
        String sha256,
        Architecture architecture,
        @Nullable Selection selection,
        Set<Integer> endTokens,
        int context,
        ComputeSettings compute)
        implements Serializable {
    /**
     * A base model, with an adapter or without.
     *
     * @throws BadInputException if it is no causal decoder
     * @throws UsageException if the adapter is no language model's
     */
    public static GeneratingModel of(
            BaseModel base, @Nullable Selection selection, Set<Integer> endTokens, ComputeSettings compute) {
        requireDecoder(base);
        if (selection != null && !selection.adapter().head().predictsTokens()) {
            throw new UsageException("The adapter is for " + selection.adapter().type()
                    + ", not for a language model, and generates no text. Use predict.");
        }
        return new GeneratingModel(
                base.uri(), base.weightsSha256(), base.architecture(), selection, endTokens, base.maxLength(), compute);
    }

    /**
     * Checks that a model generates text.
     *
     * @throws BadInputException if not
     */
    public static void requireDecoder(BaseModel base) {
        if (!base.architecture().mask().causal()) {
            throw new BadInputException(base.uri() + "/config.json: models of the family "
                    + base.architecture().family()
                    + " are encoders, which generate no text. Use a decoder such as GPT-2 or LLaMA.");
        }
    }
}
