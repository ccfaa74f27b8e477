package org.erat.data.text;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import org.erat.data.UsageException;
import org.erat.data.tokenized.Manifest;
import org.erat.data.tokenized.PromptReferences;

/**
 * How prompts and completions become tokens to predict.
 *
 * @param lossOn which tokens are predicted
 * @param separator text between a prompt and its completion; blanks at its end are tokenized with the completion. Empty for
 *     that of the task.
 * @param skipsUnusable whether examples that leave nothing to predict are left out and counted, instead of refused
 */
public record LanguageModeling(LossOn lossOn, Optional<String> separator, boolean skipsUnusable) {
    /** Loss on completions only. */
    public static final LanguageModeling DEFAULT = new LanguageModeling(LossOn.COMPLETION, Optional.empty(), false);

    /** The name of the manifest's setting with the separator. */
    static final String SEPARATOR = "separator";

    /** Which tokens are predicted. */
    public enum LossOn {
        /** Those of the completion, or of an assistant's turns, and the end token. */
        COMPLETION,
        /** All but the first. */
        ALL;

        /** By its name in lower case. */
        public static LossOn of(String name) {
            return Arrays.stream(values())
                    .filter(each -> each.toString().equals(name))
                    .findFirst()
                    .orElseThrow(() -> new UsageException(String.format("--loss-on %s: give completion or all", name)));
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** The same layout as that of data that were prepared before. */
    LanguageModeling like(Manifest other) {
        String loss = other.settings().get(PromptReferences.LOSS_ON);
        String between = other.settings().get(SEPARATOR);
        return new LanguageModeling(
                loss == null ? lossOn : LossOn.of(loss),
                between == null ? separator : Optional.of(between),
                skipsUnusable);
    }
}
