package org.erat.data.basemodel;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Consumer;
import org.erat.data.BadInputException;
import org.erat.data.FileSignature;
import org.erat.data.Json;
import org.erat.data.JsonReason;
import org.erat.data.architecture.Architecture;

/**
 * A {@code tokenizer_config.json}, read as {@code AutoTokenizer} of the transformers library reads it: its class decides
 * how much of {@code tokenizer.json} counts. BERT's classes set case, accents and the special tokens around texts anew,
 * RoBERTa's the special tokens and the space in front; other classes take {@code tokenizer.json} as it is, but for {@code LlamaTokenizer}, of
 * which version 5 of the library builds a tokenizer anew: the file counts here. Found out with transformers 5.18.0.
 *
 * @param root the document; empty where a model has none
 * @param where the file, for messages
 */
record TokenizerConfig(ObjectNode root, String where) {
    private static final ObjectMapper JSON = Json.mapper();
    private static final String CLASS = "tokenizer_class";
    private static final String LOWER_CASE = "do_lower_case";
    private static final String ACCENTS = "strip_accents";
    private static final String CHINESE = "tokenize_chinese_chars";
    private static final String PREFIX_SPACE = "add_prefix_space";
    private static final String MAX_LENGTH = "model_max_length";
    private static final String INPUTS = "model_input_names";
    private static final String TYPE_IDS = "token_type_ids";
    private static final String SIDE = "truncation_side";

    private static final List<String> BERT = List.of("BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer");
    private static final List<String> ROBERTA = List.of("RobertaTokenizer");

    /** A class that takes {@code tokenizer.json} as it is. */
    private static final String AS_IT_IS = "PreTrainedTokenizerFast";

    /** What a model without the file has. */
    static TokenizerConfig none() {
        return new TokenizerConfig(JSON.createObjectNode(), BaseModelDirectory.TOKENIZER_CONFIG);
    }

    /**
     * Reads a document.
     *
     * @throws BadInputException if it cannot be used, naming the key
     */
    static TokenizerConfig parse(byte[] json, String where) {
        JsonNode root;
        try {
            root = JSON.readTree(json);
        } catch (IOException e) {
            throw FileSignature.explain(
                    where,
                    json,
                    new BadInputException(
                            where + ": is not readable JSON: " + JsonReason.of(e) + ". Download it again.", e));
        }
        if (!(root instanceof ObjectNode object)) {
            throw new BadInputException(where + ": is not a JSON object. Download it again.");
        }
        TokenizerConfig config = new TokenizerConfig(object, where);
        config.check();
        return config;
    }

    private void check() {
        for (String key : List.of(LOWER_CASE, CHINESE, PREFIX_SPACE, ACCENTS)) {
            JsonNode value = root.path(key);
            if (!value.isMissingNode() && !value.isNull() && !value.isBoolean()) {
                throw new BadInputException(where + ": " + key + " is " + value + ", not true or false. Correct it.");
            }
        }
        if (root.path(SIDE).asText("right").equals("left")) {
            throw new BadInputException(
                    where + ": " + SIDE + " left is not supported: texts are cut at their end. Set it to"
                            + " right, and shorten texts before if their end counts.");
        }
        JsonNode length = root.path(MAX_LENGTH);
        if (!length.isMissingNode() && !length.isNull() && !(length.isNumber() && length.doubleValue() >= 1)) {
            throw new BadInputException(
                    where + ": " + MAX_LENGTH + " is " + length + ", not a number from 1. Correct it.");
        }
    }

    private boolean isPresent() {
        return !root.isEmpty();
    }

    /** Name of the class without the mark of its Rust implementation, which both names mean now. */
    private String className(Architecture architecture) {
        String named = root.path(CLASS).asText("");
        if (!named.isEmpty()) {
            return named.replaceFirst("Fast$", "");
        }
        return switch (architecture.family()) {
            case "roberta" -> "RobertaTokenizer";
            case "bert", "distilbert", "electra" -> "BertTokenizer";
            default -> AS_IT_IS;
        };
    }

    /** Longest text in tokens; empty where it is not stated, as a huge number says. */
    OptionalInt maxLength() {
        double length = root.path(MAX_LENGTH).asDouble(Double.MAX_VALUE);
        return length > Integer.MAX_VALUE ? OptionalInt.empty() : OptionalInt.of((int) length);
    }

    /**
     * The tokenizer that {@code AutoTokenizer} makes of a {@code tokenizer.json}. Without a {@code tokenizer_config.json} it
     * is that file, for which {@code AutoTokenizer} would assume lower case.
     *
     * @param tokenizer as the file has it
     * @param progress is told what differs from the file
     */
    TokenizerJson apply(TokenizerJson tokenizer, Architecture architecture, Consumer<String> progress) {
        requireTokens(tokenizer);
        String name = className(architecture);
        TokenizerJson effective = tokenizer;
        if (isPresent() && BERT.contains(name)) {
            effective = effective.withBertNormalizer(
                    flag(LOWER_CASE, true),
                    root.path(ACCENTS).isBoolean() ? root.path(ACCENTS).asBoolean() : null,
                    flag(CHINESE, true));
            report(tokenizer, effective, "normalizer", name, progress);
            TokenizerJson before = effective;
            effective = effective.withBertTemplate(token("cls_token", "[CLS]"), token("sep_token", "[SEP]"));
            report(before, effective, "post_processor", name, progress);
        } else if (isPresent() && ROBERTA.contains(name) && tokenizer.isByteLevel()) {
            effective = effective.withRobertaProcessing(
                    token("cls_token", "<s>"), token("sep_token", "</s>"), flag(PREFIX_SPACE, false));
            report(tokenizer, effective, "post_processor", name, progress);
            report(tokenizer, effective, "pre_tokenizer", name, progress);
        }
        return givesTypeIds(name, architecture) ? effective : effective.withoutTypeIds();
    }

    private static void report(
            TokenizerJson before, TokenizerJson after, String part, String className, Consumer<String> progress) {
        if (!before.root().path(part).equals(after.root().path(part))) {
            progress.accept(String.format(
                    "%s: its %s is replaced by that of %s, as AutoTokenizer does it", before.where(), part, className));
        }
    }

    /** Token types are BERT's; a list of inputs without them takes them away. */
    private boolean givesTypeIds(String name, Architecture architecture) {
        JsonNode inputs = root.path(INPUTS);
        if (inputs.isArray()) {
            for (JsonNode input : inputs) {
                if (input.asText().equals(TYPE_IDS)) {
                    return true;
                }
            }
            return false;
        }
        return architecture.tokenTypes() > 0
                && (BERT.contains(name)
                        || (!isPresent() && !architecture.family().equals("roberta")));
    }

    /** The token that stands where a masked language model predicts one. */
    String maskToken(Architecture architecture) {
        return token("mask_token", architecture.family().equals("roberta") ? "<mask>" : "[MASK]");
    }

    private boolean flag(String key, boolean absent) {
        return root.path(key).isBoolean() ? root.path(key).asBoolean() : absent;
    }

    /** A special token, which the file has as a text or as an object. */
    private String token(String key, String absent) {
        JsonNode token = root.path(key);
        return token.isObject() ? token.path("content").asText(absent) : token.asText(absent);
    }

    /** Refuses tokens that only this file adds: {@code tokenizer.json} would not find them in a text. */
    private void requireTokens(TokenizerJson tokenizer) {
        root.path("added_tokens_decoder").fields().forEachRemaining(entry -> {
            String content = entry.getValue().path("content").asText();
            OptionalInt id = tokenizer.addedTokenId(content);
            if (id.isEmpty() || id.getAsInt() != entry.getValue().path("id").asInt(Integer.parseInt(entry.getKey()))) {
                throw new BadInputException(where + ": adds the token '" + content + "' with id " + entry.getKey()
                        + ", which " + tokenizer.where()
                        + " does not have. Save both again with the transformers library:"
                        + " AutoTokenizer.from_pretrained(DIRECTORY).save_pretrained(OTHER).");
            }
        });
    }

    /** The file of the prepared model: what {@link #apply} made is what it says. */
    byte[] prepared(TokenizerJson effective, Architecture architecture) {
        ObjectNode prepared = root.deepCopy();
        if (!isPresent() && BERT.contains(className(architecture)) && effective.hasBertNormalizer()) {
            JsonNode normalizer = effective.root().path("normalizer");
            prepared.put(CLASS, "BertTokenizer");
            prepared.put(LOWER_CASE, normalizer.path("lowercase").asBoolean(true));
            prepared.set(ACCENTS, normalizer.path(ACCENTS));
            prepared.put(CHINESE, normalizer.path("handle_chinese_chars").asBoolean(true));
        } else if (!isPresent()) {
            prepared.put(CLASS, AS_IT_IS);
        }
        if (maxLength().isEmpty()) {
            prepared.put(MAX_LENGTH, architecture.maxLength());
        }
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(prepared);
        } catch (IOException e) {
            throw new IllegalStateException("A tree is always JSON", e);
        }
    }
}
