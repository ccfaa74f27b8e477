package org.erat.data.basemodel;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import javax.annotation.Nullable;
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
        bertTemplate(root.putObject("post_processor"), "[CLS]", "[SEP]", token -> idIn(vocabulary, token, where));
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
    private static void bertTemplate(ObjectNode processor, String cls, String sep, ToIntFunction<String> ids) {
        processor.put("type", "TemplateProcessing");
        for (String form : List.of("single", "pair")) {
            ArrayNode pieces = processor.putArray(form);
            piece(pieces, "SpecialToken", cls, 0);
            piece(pieces, "Sequence", "A", 0);
            piece(pieces, "SpecialToken", sep, 0);
            if (form.equals("pair")) {
                piece(pieces, "Sequence", "B", 1);
                piece(pieces, "SpecialToken", sep, 1);
            }
        }
        ObjectNode special = processor.putObject("special_tokens");
        for (String token : List.of(cls, sep)) {
            ObjectNode node = special.putObject(token);
            node.put("id", token);
            node.putArray("ids").add(ids.applyAsInt(token));
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

    /** Whether its normalizer is BERT's. */
    boolean hasBertNormalizer() {
        return root.path("normalizer").path("type").asText().equals("BertNormalizer");
    }

    /**
     * The same with BERT's normalizer.
     *
     * @param stripAccents null for what goes with lower case
     */
    TokenizerJson withBertNormalizer(boolean lowerCase, @Nullable Boolean stripAccents, boolean chinese) {
        ObjectNode copy = root.deepCopy();
        ObjectNode normalizer = JSON.createObjectNode();
        normalizer
                .put("type", "BertNormalizer")
                .put("clean_text", true)
                .put("handle_chinese_chars", chinese)
                .put("strip_accents", stripAccents)
                .put("lowercase", lowerCase);
        copy.set("normalizer", normalizer);
        return new TokenizerJson(copy, where);
    }

    /** The same with BERT's special tokens around one or two texts, unless it has them in one form or the other. */
    TokenizerJson withBertTemplate(String cls, String sep) {
        JsonNode now = root.path("post_processor");
        if (now.path("type").asText().equals("BertProcessing")
                && now.path("cls").path(0).asText().equals(cls)
                && now.path("sep").path(0).asText().equals(sep)) {
            return this;
        }
        ObjectNode template = JSON.createObjectNode();
        bertTemplate(template, cls, sep, this::idOf);
        return withPostProcessor(template);
    }

    /** The same with RoBERTa's special tokens around one or two texts. */
    TokenizerJson withRobertaProcessing(String cls, String sep, boolean prefixSpace) {
        ObjectNode processing = JSON.createObjectNode();
        processing.put("type", "RobertaProcessing");
        processing.putArray("sep").add(sep).add(idOf(sep));
        processing.putArray("cls").add(cls).add(idOf(cls));
        processing.put("trim_offsets", true).put("add_prefix_space", prefixSpace);
        TokenizerJson changed = withPostProcessor(processing);
        JsonNode preTokenizer = changed.root().path("pre_tokenizer");
        if (isByteLevel(preTokenizer)) {
            ((ObjectNode) preTokenizer).put("add_prefix_space", prefixSpace);
        }
        return changed;
    }

    private TokenizerJson withPostProcessor(ObjectNode processor) {
        ObjectNode copy = root.deepCopy();
        copy.set("post_processor", processor);
        return new TokenizerJson(copy, where);
    }

    private int idOf(String token) {
        return tokenId(token)
                .orElseThrow(() -> new BadInputException(
                        where + ": the token " + token + " is missing. Use the tokenizer.json of the model."));
    }

    /** The id of a token, if it is there. */
    public OptionalInt tokenId(String token) {
        OptionalInt added = addedTokenId(token);
        JsonNode inVocabulary = root.path("model").path("vocab").path(token);
        return added.isEmpty() && inVocabulary.isInt() ? OptionalInt.of(inVocabulary.asInt()) : added;
    }

    /** The same with the token type 0 everywhere. */
    TokenizerJson withoutTypeIds() {
        JsonNode processor = root.path("post_processor");
        if (processor.path("type").asText().equals("BertProcessing")) {
            ObjectNode template = JSON.createObjectNode();
            bertTemplate(
                    template,
                    processor.path("cls").path(0).asText(),
                    processor.path("sep").path(0).asText(),
                    this::idOf);
            return withPostProcessor(template).withoutTypeIds();
        }
        ObjectNode copy = root.deepCopy();
        copy.path("post_processor").findParents("type_id").forEach(piece -> ((ObjectNode) piece).put("type_id", 0));
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

    /** Ids of the special tokens, which stand for no text. */
    public Set<Integer> specialTokens() {
        return StreamSupport.stream(root.path("added_tokens").spliterator(), false)
                .filter(token -> token.path("special").asBoolean())
                .map(token -> token.path("id").asInt())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Whether the tokenizer splits bytes and not characters, so that the space before a word is a part of it. */
    public boolean isByteLevel() {
        return preTokenizers().anyMatch(TokenizerJson::isByteLevel);
    }

    private static boolean isByteLevel(JsonNode preTokenizer) {
        return isOfType(preTokenizer, "ByteLevel");
    }

    /** Whether the tokenizer takes words and punctuation apart and forgets the blanks between them, as BERT's does. */
    public boolean splitsPunctuation() {
        return preTokenizers().anyMatch(part -> isOfType(part, "BertPreTokenizer"));
    }

    private Stream<JsonNode> preTokenizers() {
        return parts(root.path("pre_tokenizer"), "pretokenizers");
    }

    /** Whether the tokenizer takes letters without their accents. */
    public boolean stripsAccents() {
        return parts(root.path("normalizer"), "normalizers").anyMatch(TokenizerJson::stripsAccents);
    }

    /** BERT's strips them with lower case, unless it says otherwise. */
    private static boolean stripsAccents(JsonNode normalizer) {
        boolean withCase = normalizer.path("lowercase").asBoolean();
        return isOfType(normalizer, "StripAccents")
                || (isOfType(normalizer, "BertNormalizer")
                        && normalizer.path("strip_accents").asBoolean(withCase));
    }

    /** A component, and its own where it is a sequence. */
    private static Stream<JsonNode> parts(JsonNode component, String list) {
        return Stream.concat(
                Stream.of(component), StreamSupport.stream(component.path(list).spliterator(), false));
    }

    private static boolean isOfType(JsonNode component, String type) {
        return component.path("type").asText().equals(type);
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
    public void check(int vocabulary) {
        int highest = highestId();
        if (highest < 0) {
            throw new BadInputException(
                    where + ": is not a tokenizer: it has no tokens. Use the tokenizer.json of the model.");
        }
        if (highest >= vocabulary) {
            throw new BadInputException(where + ": a tokenizer that does not match the model: its token ids go up to "
                    + highest + ", the model has vocab_size " + vocabulary
                    + ". Use the tokenizer.json of the same model.");
        }
        long[] ids = TokenizerTrial.run(bytes(), where);
        if (ids.length == 0 || Arrays.stream(ids).anyMatch(id -> id < 0 || id >= vocabulary)) {
            throw new BadInputException(where + ": a tokenizer that does not match the model: it gives the ids "
                    + Arrays.toString(ids) + ", the model has vocab_size " + vocabulary
                    + ". Use the tokenizer.json of the same model.");
        }
    }
}
