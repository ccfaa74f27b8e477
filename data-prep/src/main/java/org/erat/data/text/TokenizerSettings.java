package org.erat.data.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.erat.data.BadInputException;
import org.erat.data.Json;
import org.erat.data.basemodel.BaseModelDirectory;
import org.erat.data.chat.ChatTemplate;

/**
 * What a base model's files say about its tokenizer beside {@code tokenizer.json}: its special tokens by name, and how it
 * writes conversations.
 *
 * @param specialTokens by name, such as {@code eos_token}
 * @param chatTemplate the source of the template, where there is one
 * @param where the file of the template, or of the special tokens, for messages
 */
record TokenizerSettings(Map<String, String> specialTokens, Optional<String> chatTemplate, String where) {
    static final String END_TOKEN = "eos_token";

    private static final ObjectMapper JSON = Json.mapper();
    private static final String TEMPLATE = "chat_template";

    /**
     * Reads the files of a model; any of them may be missing.
     *
     * @throws BadInputException if one cannot be read
     */
    static TokenizerSettings read(Configuration hadoop, Path modelDir) {
        Map<String, String> tokens = new TreeMap<>();
        Path config = new Path(modelDir, BaseModelDirectory.TOKENIZER_CONFIG);
        Optional<String> template = Optional.empty();
        for (Path file : List.of(new Path(modelDir, "special_tokens_map.json"), config)) {
            JsonNode root = text(hadoop, file).map(json -> parsed(json, file)).orElse(JSON.createObjectNode());
            root.fields().forEachRemaining(entry -> {
                JsonNode value = entry.getValue();
                String token = value.isObject() ? value.path("content").asText(null) : value.textValue();
                if (entry.getKey().endsWith("_token") && token != null) {
                    tokens.put(entry.getKey(), token);
                }
            });
            template = template(root.path(TEMPLATE));
        }
        Path own = new Path(modelDir, BaseModelDirectory.CHAT_TEMPLATE);
        Optional<String> ofFile = text(hadoop, own);
        return new TokenizerSettings(
                tokens, ofFile.isPresent() ? ofFile : template, (ofFile.isPresent() ? own : config).toString());
    }

    /** A template, or the default of several. */
    private static Optional<String> template(JsonNode value) {
        if (value.isTextual()) {
            return Optional.of(value.textValue());
        }
        for (JsonNode each : value) {
            if (each.path("name").asText().equals("default")) {
                return Optional.ofNullable(each.path("template").textValue());
            }
        }
        return Optional.empty();
    }

    /** The token at which a text ends. */
    Optional<String> endToken() {
        return Optional.ofNullable(specialTokens.get(END_TOKEN));
    }

    /**
     * The chat template, ready to be used.
     *
     * @throws BadInputException if there is none, or it cannot be read
     */
    ChatTemplate template() {
        return new ChatTemplate(
                chatTemplate.orElseThrow(() -> new BadInputException(String.format(
                        "%s has no chat_template, and there is no %s: messages need the template of the model. Prepare a"
                                + " model that has one, or give --prompt and --completion",
                        where, BaseModelDirectory.CHAT_TEMPLATE))),
                where,
                specialTokens,
                LocalDate.now(java.time.ZoneOffset.UTC));
    }

    private static Optional<String> text(Configuration hadoop, Path file) {
        try (InputStream in = file.getFileSystem(hadoop).open(file)) {
            return Optional.of(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (FileNotFoundException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new BadInputException(String.format("%s cannot be read: %s", file, e.getMessage()), e);
        }
    }

    private static JsonNode parsed(String json, Path file) {
        try {
            return JSON.readTree(json);
        } catch (IOException e) {
            throw new BadInputException(
                    String.format("%s is not readable JSON (%s): prepare the model again", file, e.getMessage()), e);
        }
    }
}
