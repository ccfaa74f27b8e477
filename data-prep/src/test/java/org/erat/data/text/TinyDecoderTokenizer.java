package org.erat.data.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A byte-level BPE tokenizer of a few letters in the form of GPT-2's: it adds no special tokens to a text. */
final class TinyDecoderTokenizer {
    static final int END = 0;

    private static final String JSON =
            """
            {
              "version": "1.0", "truncation": null, "padding": null,
              "added_tokens": [{"id": 0, "content": "<|end|>", "single_word": false, "lstrip": false, "rstrip": false,
                                "normalized": false, "special": true}],
              "normalizer": null,
              "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
              "post_processor": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
              "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
              "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": "",
                        "end_of_word_suffix": "", "fuse_unk": false, "byte_fallback": false,
                        "vocab": {"<|end|>": 0, ":": 1, "|": 2, ",": 3, "Ġ": 4, "a": 5, "b": 6, "c": 7, "d": 8,
                                  "e": 9, "Ġa": 10, "Ġab": 11, "ab": 12, "&": 13},
                        "merges": ["Ġ a", "Ġa b", "a b"]}
            }
            """;

    private TinyDecoderTokenizer() {}

    /** Makes a base-model folder of nothing but the tokenizer. */
    static Path writeModel(Path folder) throws IOException {
        Files.createDirectories(folder);
        Files.writeString(folder.resolve("tokenizer.json"), JSON);
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"eos_token\": {\"content\": \"<|end|>\"}}");
        return folder;
    }
}
