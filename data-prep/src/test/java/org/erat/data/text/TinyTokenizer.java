package org.erat.data.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A WordPiece tokenizer of a few words. Its file asks for padding and truncation that must not be obeyed. */
final class TinyTokenizer {
    static final int CLS = 2;
    static final int SEP = 3;
    private static final List<String> SPECIAL = List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]");
    private static final List<String> WORDS = List.of(
            "the", "cat", "dog", "##s", "sat", "ran", "good", "bad", "a", "##b", "\\\"", ",", "é", "mat", "on", ".");
    static final int VOCAB_SIZE = SPECIAL.size() + WORDS.size();

    private TinyTokenizer() {}

    /** Id of a word. */
    static int id(String word) {
        return SPECIAL.size() + WORDS.indexOf(word);
    }

    /** Makes a base-model folder of nothing but the tokenizer. */
    static Path writeModel(Path folder) throws IOException {
        List<String> vocabulary = new ArrayList<>();
        List<String> added = new ArrayList<>();
        List<String> all = new ArrayList<>(SPECIAL);
        all.addAll(WORDS);
        for (int id = 0; id < all.size(); id++) {
            vocabulary.add(String.format("\"%s\": %d", all.get(id), id));
        }
        for (int id = 0; id < SPECIAL.size(); id++) {
            added.add(String.format(
                    "{\"id\": %d, \"content\": \"%s\", \"single_word\": false, \"lstrip\": false, \"rstrip\": false,"
                            + " \"normalized\": false, \"special\": true}",
                    id, SPECIAL.get(id)));
        }
        String json =
                """
                {
                  "version": "1.0",
                  "truncation": {"direction": "Right", "max_length": 5, "strategy": "OnlyFirst", "stride": 0},
                  "padding": {"strategy": {"Fixed": 12}, "direction": "Right", "pad_to_multiple_of": null,
                              "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"},
                  "added_tokens": [%s],
                  "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                                 "strip_accents": false, "lowercase": true},
                  "pre_tokenizer": {"type": "BertPreTokenizer"},
                  "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
                  "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
                  "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                            "max_input_chars_per_word": 100, "vocab": {%s}}
                }
                """
                        .formatted(String.join(", ", added), String.join(", ", vocabulary));
        Files.createDirectories(folder);
        Files.writeString(folder.resolve("tokenizer.json"), json);
        return folder;
    }
}
