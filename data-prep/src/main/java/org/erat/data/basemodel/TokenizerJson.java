package org.erat.data.basemodel;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.StreamSupport;
import org.erat.data.BadInputException;
import org.erat.data.FileSignature;
import org.erat.data.Json;
import org.erat.data.JsonReason;

/**
 * A Hugging Face {@code tokenizer.json}.
 *
 * @param root the document
 * @param where the file or archive entry that it comes from, for messages
 */
public record TokenizerJson(ObjectNode root, String where) {
    private static final ObjectMapper JSON = Json.mapper();
    private static final String FLAVOR = "RUST_FLAVOR";
    /** Letters of several scripts, digits and punctuation: something of each kind of token. */
    private static final String PROBE = "The 3 naïve cafés, in Tōkyō (東京) & Москва: 42 % off!";

    /**
     * Reads a document.
     *
     * @throws BadInputException if it is not a tokenizer
     */
    public static TokenizerJson parse(byte[] json, String where) {
        JsonNode root;
        try {
            root = JSON.readTree(json);
        } catch (IOException e) {
            throw FileSignature.explain(
                    where,
                    json,
                    new BadInputException(
                            where + ": is not readable JSON: " + JsonReason.of(e)
                                    + ". Use the tokenizer.json of the model.",
                            e));
        }
        if (!root.isObject() || !root.path("model").isObject()) {
            throw FileSignature.explain(
                    where,
                    json,
                    new BadInputException(
                            where + ": is not a tokenizer: it has no model. Use the tokenizer.json of the model."));
        }
        return new TokenizerJson((ObjectNode) root, where);
    }

    /**
     * The WordPiece tokenizer of a BERT model.
     *
     * @param vocabulary tokens in the order of their ids
     * @param lowerCase whether text is lower-cased and loses its accents first
     * @throws BadInputException if one of BERT's five special tokens is missing
     */
    static TokenizerJson wordPiece(List<String> vocabulary, boolean lowerCase, String where) {
        ObjectNode root = JSON.createObjectNode();
        root.put("version", "1.0");
        root.putNull("truncation");
        root.putNull("padding");
        ArrayNode added = root.putArray("added_tokens");
        for (String token : List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")) {
            added.addObject()
                    .put("id", idIn(vocabulary, token, where))
                    .put("content", token)
                    .put("single_word", false)
                    .put("lstrip", false)
                    .put("rstrip", false)
                    .put("normalized", false)
                    .put("special", true);
        }
        root.putObject("normalizer")
                .put("type", "BertNormalizer")
                .put("clean_text", true)
                .put("handle_chinese_chars", true)
                .putNull("strip_accents")
                .put("lowercase", lowerCase);
        root.putObject("pre_tokenizer").put("type", "BertPreTokenizer");
        bertTemplate(root.putObject("post_processor"), vocabulary, where);
        root.putObject("decoder").put("type", "WordPiece").put("prefix", "##").put("cleanup", true);
        ObjectNode model = root.putObject("model");
        model.put("type", "WordPiece");
        model.put("unk_token", "[UNK]");
        model.put("continuing_subword_prefix", "##");
        model.put("max_input_chars_per_word", 100);
        ObjectNode ids = model.putObject("vocab");
        for (int id = 0; id < vocabulary.size(); id++) {
            ids.put(vocabulary.get(id), id);
        }
        if (ids.size() != vocabulary.size()) {
            throw new BadInputException(where + ": has " + (vocabulary.size() - ids.size())
                    + " tokens more than once. Use the vocabulary of a BERT model.");
        }
        return new TokenizerJson(root, where);
    }

    // [CLS] A [SEP], or [CLS] A [SEP] B [SEP] with token type 1 for B and what follows it.
    private static void bertTemplate(ObjectNode processor, List<String> vocabulary, String where) {
        processor.put("type", "TemplateProcessing");
        for (String form : List.of("single", "pair")) {
            ArrayNode pieces = processor.putArray(form);
            piece(pieces, "SpecialToken", "[CLS]", 0);
            piece(pieces, "Sequence", "A", 0);
            piece(pieces, "SpecialToken", "[SEP]", 0);
            if (form.equals("pair")) {
                piece(pieces, "Sequence", "B", 1);
                piece(pieces, "SpecialToken", "[SEP]", 1);
            }
        }
        ObjectNode special = processor.putObject("special_tokens");
        for (String token : List.of("[CLS]", "[SEP]")) {
            ObjectNode node = special.putObject(token);
            node.put("id", token);
            node.putArray("ids").add(idIn(vocabulary, token, where));
            node.putArray("tokens").add(token);
        }
    }

    private static void piece(ArrayNode pieces, String kind, String id, int typeId) {
        pieces.addObject().putObject(kind).put("id", id).put("type_id", typeId);
    }

    private static int idIn(List<String> vocabulary, String token, String where) {
        int id = vocabulary.indexOf(token);
        if (id < 0) {
            throw new BadInputException(where + ": the token " + token
                    + " is missing from the vocabulary. Use the vocabulary of a BERT model.");
        }
        return id;
    }

    /** The same tokenizer, giving each text its own length: batches are padded and cut where they are made. */
    TokenizerJson withoutPaddingAndTruncation() {
        ObjectNode copy = root.deepCopy();
        copy.putNull("truncation");
        copy.putNull("padding");
        return new TokenizerJson(copy, where);
    }

    byte[] bytes() {
        try {
            return JSON.writeValueAsBytes(root);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The id of a token among the added (special) tokens, if it is there. */
    OptionalInt addedTokenId(String content) {
        for (JsonNode token : root.path("added_tokens")) {
            if (token.path("content").asText().equals(content)) {
                return OptionalInt.of(token.path("id").asInt(-1));
            }
        }
        return OptionalInt.empty();
    }

    /** Whether the tokenizer splits bytes and not characters, so that the space before a word is a part of it. */
    public boolean isByteLevel() {
        JsonNode preTokenizer = root.path("pre_tokenizer");
        return isByteLevel(preTokenizer)
                || StreamSupport.stream(preTokenizer.path("pretokenizers").spliterator(), false)
                        .anyMatch(TokenizerJson::isByteLevel);
    }

    private static boolean isByteLevel(JsonNode preTokenizer) {
        return preTokenizer.path("type").asText().equals("ByteLevel");
    }

    /** The largest id that the tokenizer can give out; -1 if it has no token. */
    public int highestId() {
        JsonNode vocabulary = root.path("model").path("vocab");
        int highest = -1;
        if (vocabulary.isArray()) {
            // A Unigram vocabulary is a list of [token, score], numbered by place.
            highest = vocabulary.size() - 1;
        } else {
            for (JsonNode id : vocabulary) {
                highest = Math.max(highest, id.asInt(Integer.MAX_VALUE));
            }
        }
        for (JsonNode token : root.path("added_tokens")) {
            highest = Math.max(highest, token.path("id").asInt(Integer.MAX_VALUE));
        }
        return highest;
    }

    /**
     * Checks that the tokenizers library can load this tokenizer and that all its ids are rows of the model's word
     * embeddings.
     *
     * @param vocabulary rows of the word embeddings
     * @throws BadInputException if not
     */
    void check(int vocabulary) {
        int highest = highestId();
        if (highest < 0 || highest >= vocabulary) {
            throw new BadInputException(where + ": a tokenizer that does not match the model: its token ids go up to "
                    + highest + ", the model has vocab_size " + vocabulary
                    + ". Use the tokenizer.json of the same model.");
        }
        long[] ids = probe();
        if (ids.length == 0 || Arrays.stream(ids).anyMatch(id -> id < 0 || id >= vocabulary)) {
            throw new BadInputException(where + ": a tokenizer that does not match the model: it gives the ids "
                    + Arrays.toString(ids) + ", the model has vocab_size " + vocabulary
                    + ". Use the tokenizer.json of the same model.");
        }
    }

    // The native library throws exceptions of several types. All of them mean the same here.
    private long[] probe() {
        // Otherwise the library looks for a GPU build of itself, in the network.
        if (System.getenv(FLAVOR) == null && System.getProperty(FLAVOR) == null) {
            System.setProperty(FLAVOR, "cpu");
        }
        try (HuggingFaceTokenizer tokenizer =
                HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(bytes()), null)) {
            return tokenizer.encode(PROBE).getIds();
        } catch (IOException | RuntimeException e) {
            throw new BadInputException(
                    where + ": the tokenizer cannot be loaded: " + e.getMessage()
                            + ". Save it again with the transformers library.",
                    e);
        }
    }
}
