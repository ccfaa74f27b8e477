package org.erat.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.StreamSupport;

/** A prepared LLaMA of two blocks, whose tokens are the letters a to w, which ends at c and reads 32 tokens. */
public final class TinyDecoder {
    private TinyDecoder() {}

    /** Writes it below {@code folder}. */
    public static Path write(Path folder) throws IOException {
        JsonNode model = StreamSupport.stream(
                        DecoderFamiliesTest.reference().path("models").spliterator(), false)
                .filter(each -> each.path("name").asText().equals("llama with linear scaling"))
                .findFirst()
                .orElseThrow();
        return DecoderFamiliesTest.prepare(model, folder);
    }
}
