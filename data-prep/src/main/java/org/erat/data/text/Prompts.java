package org.erat.data.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.erat.data.BadInputException;
import org.erat.data.Sha256;
import org.erat.data.UsageException;
import org.erat.data.chat.ChatTemplate;
import org.erat.data.tokenized.Manifest;
import org.erat.data.tokenized.PromptReferences;

/**
 * How the rows of one data set become prompts and completions, and these become tokens.
 *
 * @param separator text between prompt and completion
 * @param template where rows are conversations
 */
record Prompts(TextTask task, String separator, Optional<ChatTemplate> template, PromptEncoder.Settings encoding) {
    /**
     * Decides it for a task and the tokenizer of a model.
     *
     * @throws BadInputException if the tokenizer has no end token, or no chat template where one is needed
     * @throws UsageException if {@code maxLength} leaves no room
     */
    static Prompts of(TextTask task, TokenizerFile tokenizer, TokenizerSettings settings, int maxLength) {
        LanguageModeling modeling = task.languageModeling();
        boolean lossOnAll = modeling.lossOn() == LanguageModeling.LossOn.ALL;
        if (task.columns() instanceof TextColumns.OfMessages) {
            return new Prompts(
                    task,
                    "",
                    Optional.of(settings.template()),
                    new PromptEncoder.Settings(null, lossOnAll, modeling.skipsUnusable(), maxLength));
        }
        PromptLayout layout = layout(tokenizer, settings);
        layout.requireRoom(maxLength);
        return new Prompts(
                task,
                modeling.separator().orElseGet(() -> separator(task, layout, settings)),
                Optional.empty(),
                new PromptEncoder.Settings(layout, lossOnAll, modeling.skipsUnusable(), maxLength));
    }

    private static PromptLayout layout(TokenizerFile tokenizer, TokenizerSettings settings) {
        try (HuggingFaceTokenizer whole = TokenizerFile.openWhole(tokenizer.bytes())) {
            return PromptLayout.of(whole, tokenizer.json(), settings);
        } catch (IOException e) {
            throw new BadInputException("The tokenizer cannot be used: " + e.getMessage(), e);
        }
    }

    /**
     * Nothing between prompts and completions of a user's own. In the known tasks the end token and a blank, as in the E2E
     * examples of the LoRA paper's code, unless the tokenizer has tokens of its own between two texts.
     */
    private static String separator(TextTask task, PromptLayout layout, TokenizerSettings settings) {
        return task.isKnown() && !layout.isPair() ? settings.endToken().orElseThrow() + " " : "";
    }

    RowCheck check() {
        // Between two texts the tokenizer's own tokens stand.
        boolean apart = encoding.layout() != null && encoding.layout().isPair();
        return new PromptCheck(task, separator, template, apart);
    }

    /** What decides the tokens, for the settings of a manifest. */
    Map<String, String> settings() {
        Map<String, String> settings = new TreeMap<>();
        settings.put(PromptReferences.LOSS_ON, task.languageModeling().lossOn().toString());
        settings.put("skip-unusable", Boolean.toString(task.languageModeling().skipsUnusable()));
        if (task.columns() instanceof TextColumns.OfPrompt) {
            settings.put(LanguageModeling.SEPARATOR, separator);
        }
        if (encoding.layout() != null) {
            settings.put(Manifest.END_TOKEN, Integer.toString(encoding.layout().after()[0]));
        }
        template.ifPresent(each -> {
            settings.put("chat-template-sha256", Sha256.of(each.source().getBytes(StandardCharsets.UTF_8)));
            if (each.namesTheDay()) {
                settings.put("chat-date", LocalDate.now(ZoneOffset.UTC).toString());
            }
        });
        return settings;
    }
}
