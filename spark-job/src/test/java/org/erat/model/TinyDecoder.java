package org.erat.model;

import java.io.IOException;
import java.nio.file.Path;
import org.erat.data.basemodel.BaseModelImporter;
import org.erat.data.safetensors.Dtype;

/** A prepared LLaMA of two blocks, whose tokens are the letters a to w, which ends at c and reads 32 tokens. */
public final class TinyDecoder {
    private TinyDecoder() {}

    /** Writes it below {@code folder}. */
    public static Path write(Path folder) throws IOException {
        Path source = folder.resolve("source");
        ReferenceDecoders.write(source, ReferenceDecoders.named("llama with linear scaling"), Dtype.F32);
        Path prepared = folder.resolve("prepared");
        BaseModelImporter.importModel(source.toString(), prepared, line -> {});
        return prepared;
    }
}
