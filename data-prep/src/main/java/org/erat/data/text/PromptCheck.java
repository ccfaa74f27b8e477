package org.erat.data.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.erat.data.BadInputException;
import org.erat.data.Json;
import org.erat.data.chat.ChatTemplate;
import org.erat.data.tokenized.Split;

/**
 * Brings prompts, conversations and plain texts into parts that are tokenized one by one: parts at
 * even places are given, parts at odd places are to be predicted. The labels of such a row are the texts of prompt and
 * completion; a plain text has none.
 */
final class PromptCheck implements RowCheck {
    private static final ObjectMapper JSON =
            Json.builder().enable(DeserializationFeature.USE_LONG_FOR_INTS).build();

    private final TextTask task;
    private final String separator;
    private final Optional<ChatTemplate> template;
    private final boolean apart;
    private long leftOut;
    private long runTogether;

    /**
     * @param separator text between prompt and completion
     * @param template where rows are conversations
     * @param apart whether the tokenizer puts tokens of its own between prompt and completion
     */
    PromptCheck(TextTask task, String separator, Optional<ChatTemplate> template, boolean apart) {
        this.task = task;
        this.separator = separator;
        this.template = template;
        this.apart = apart;
    }

    @Override
    public RowCheck ofTest() {
        return new PromptCheck(task, separator, template, apart);
    }

    @Override
    public Optional<TextRow> checked(Split split, TextRow row, Supplier<String> place) {
        if (task.columns() instanceof TextColumns.OfMessages messages) {
            return conversation(messages.messages(), row.texts().get(0), place);
        }
        for (int i = 0; i < row.texts().size(); i++) {
            if (row.texts().get(i).isBlank()) {
                return unusable(
                        place,
                        String.format("'%s' is empty", task.columns().texts().get(i)));
            }
        }
        String first = row.texts().get(0);
        if (task.columns() instanceof TextColumns.OfPlainText) {
            return Optional.of(new TextRow(List.of("", first), List.of()));
        }
        String head = separator.stripTrailing();
        int end = separator.lastIndexOf('\n') + 1;
        // A newline stays with the prompt, and a blank goes to the completion, whose first word it is a part of.
        String kept = head.length() >= end ? head : separator.substring(0, end);
        String prompt = first + kept;
        if (row.texts().size() == 1) {
            return Optional.of(new TextRow(List.of(prompt), List.of(first)));
        }
        String completion = separator.substring(kept.length()) + row.texts().get(1);
        if (!Character.isWhitespace(prompt.charAt(prompt.length() - 1))
                && !Character.isWhitespace(completion.charAt(0))) {
            runTogether++;
        }
        return Optional.of(new TextRow(List.of(prompt, completion), row.texts()));
    }

    private Optional<TextRow> conversation(String column, String json, Supplier<String> place) {
        List<Map<String, Object>> messages;
        try {
            messages = JSON.readValue(json, new TypeReference<>() {});
        } catch (JsonProcessingException e) {
            throw new BadInputException(
                    String.format(
                            "%s: '%s' is not a list of messages; write it as [{\"role\": \"…\", \"content\": \"…\"}, …]",
                            place.get(), column),
                    e);
        }
        Optional<String> answer = Optional.empty();
        for (int i = 0; i < messages.size(); i++) {
            Map<String, Object> message = messages.get(i);
            if (!(message.get("role") instanceof String role) || !(message.get("content") instanceof String content)) {
                throw new BadInputException(String.format(
                        "%s: message %d of '%s' has no role or no content that is a string",
                        place.get(), i + 1, column));
            }
            if (role.equals("assistant") && answer.isEmpty()) {
                answer = Optional.of(content);
            }
        }
        if (answer.isEmpty()) {
            return unusable(place, String.format("'%s' has no message of an assistant", column));
        }
        try {
            List<String> parts = template.orElseThrow().parts(messages);
            if (parts.size() < 2) {
                throw new BadInputException("the chat template marks nothing that an assistant says");
            }
            return Optional.of(new TextRow(parts, List.of(parts.get(0), answer.get())));
        } catch (BadInputException e) {
            throw new BadInputException(place.get() + ": " + e.getMessage(), e);
        }
    }

    private Optional<TextRow> unusable(Supplier<String> place, String what) {
        if (!task.languageModeling().skipsUnusable()) {
            throw new BadInputException(String.format(
                    "%s: %s, so there is nothing to predict; mend or delete the row, or give --skip-unusable",
                    place.get(), what));
        }
        leftOut++;
        return Optional.empty();
    }

    @Override
    public LabelEncoding encoding() {
        return new LabelEncoding(task.type(), List.of(), Map.of());
    }

    @Override
    public List<String> report() {
        List<String> report = new ArrayList<>();
        if (leftOut > 0) {
            report.add(String.format("Left out %,d rows that have nothing to predict", leftOut));
        }
        if (runTogether > 0 && !apart) {
            report.add(String.format(
                    "warning: %,d completions follow their prompts without a blank. If that is not meant, give --separator",
                    runTogether));
        }
        return report;
    }
}
