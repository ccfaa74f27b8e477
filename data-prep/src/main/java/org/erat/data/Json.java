package org.erat.data;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Where every reader of JSON comes from, so that no file can use up the stack or the memory: nesting is bounded here, and
 * the size of a file before it is read.
 */
public final class Json {
    /** Deeper than any file of a model or data set; the tokenizers library has the same bound. */
    public static final int MAX_DEPTH = 128;

    /** Several times the largest tokenizer that is published. */
    public static final int MAX_BYTES = 128 << 20;

    private Json() {}

    /** A builder of mappers with the bound on nesting. */
    public static JsonMapper.Builder builder() {
        JsonFactory factory = JsonFactory.builder()
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(MAX_DEPTH)
                        .build())
                .build();
        return JsonMapper.builder(factory);
    }

    /** A mapper with the bound on nesting and nothing else set. */
    public static ObjectMapper mapper() {
        return builder().build();
    }

    /**
     * The bytes of a file of JSON.
     *
     * @throws BadInputException if there are more than {@link #MAX_BYTES}
     */
    public static byte[] bytes(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return bytes(in, file.toString());
        }
    }

    /**
     * The bytes of a stream of JSON.
     *
     * @param where the file, for the message
     * @throws BadInputException if there are more than {@link #MAX_BYTES}
     */
    public static byte[] bytes(InputStream in, String where) throws IOException {
        byte[] bytes = in.readNBytes(MAX_BYTES + 1);
        if (bytes.length > MAX_BYTES) {
            throw new BadInputException(where + ": is longer than " + (MAX_BYTES >> 20)
                    + " MiB, which no JSON file of a model or data set is. Check that it is the right file.");
        }
        return bytes;
    }
}
