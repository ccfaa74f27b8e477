package org.erat.data.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A byte-level BPE tokenizer of five letters in the form of RoBERTa's. {@code Ġ} is the space before a word. */
final class TinyByteLevelTokenizer {
    static final int VOCAB_SIZE = 13;

    private static final String JSON =
            """
            {
              "version": "1.0",
              "truncation": null,
              "padding": null,
              "added_tokens": [{"id": 1, "content": "<pad>", "single_word": false, "lstrip": false, "rstrip": false,
                                "normalized": false, "special": true}],
              "normalizer": null,
              "pre_tokenizer": %s,
              "post_processor": {"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0],
                                 "trim_offsets": true, "add_prefix_space": false},
              "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
              "model": {"type": "BPE", "dropout": null, "unk_token": "<unk>", "continuing_subword_prefix": "",
                        "end_of_word_suffix": "", "fuse_unk": false, "byte_fallback": false,
                        "vocab": {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "Ġ": 4, "a": 5, "b": 6, "c": 7, "d": 8,
                                  "e": 9, "Ġa": 10, "Ġab": 11, "ab": 12},
                        "merges": ["Ġ a", "Ġa b", "a b"]}
            }
            """;
    private static final String BYTE_LEVEL =
            """
            {"type": "ByteLevel", "add_prefix_space": %s, "trim_offsets": true, "use_regex": true}""";

    private TinyByteLevelTokenizer() {}

    /** The file as RoBERTa's is published. */
    static String json() {
        return JSON.formatted(BYTE_LEVEL.formatted(false));
    }

    /** The file as it is saved with {@code add_prefix_space=True}. */
    static String jsonWithPrefixSpace() {
        return JSON.formatted(BYTE_LEVEL.formatted(true));
    }

    /** The file with its pre-tokenizer inside a sequence of one. */
    static String jsonOfSequence() {
        return JSON.formatted("{\"type\": \"Sequence\", \"pretokenizers\": [" + BYTE_LEVEL.formatted(false) + "]}");
    }

    /** Makes a base-model folder of nothing but the tokenizer. */
    static Path writeModel(Path folder) throws IOException {
        Files.createDirectories(folder);
        Files.writeString(folder.resolve("tokenizer.json"), json());
        return folder;
    }
}
