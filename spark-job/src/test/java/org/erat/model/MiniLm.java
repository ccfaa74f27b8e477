package org.erat.model;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.file.Path;
import java.util.Arrays;
import org.erat.data.basemodel.BaseModelDirectory;
import org.erat.data.basemodel.BaseModelImporter;
import org.erat.data.tokenized.Batch;
import org.erat.data.tokenized.Targets;

/** The real all-MiniLM-L6-v2, prepared once for each build from the jar that the build fetches. */
public final class MiniLm {
    private MiniLm() {}

    /** The prepared directory. */
    public static synchronized Path directory() {
        try {
            URL model = MiniLm.class.getResource("/all-minilm-l6-v2.onnx");
            String jar =
                    ((JarURLConnection) model.openConnection()).getJarFile().getName();
            Path directory = Path.of("target", "base-models", "minilm").toAbsolutePath();
            BaseModelImporter.importModel(jar, directory, line -> {});
            return directory;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Token ids of texts, padded to the longest; class k for text k. */
    public static Batch encode(Path model, String... texts) {
        try (HuggingFaceTokenizer tokenizer =
                HuggingFaceTokenizer.newInstance(model.resolve(BaseModelDirectory.TOKENIZER))) {
            // One by one: a batch would be padded, and the padding counted as text.
            Encoding[] encodings = Arrays.stream(texts).map(tokenizer::encode).toArray(Encoding[]::new);
            int tokens = Arrays.stream(encodings)
                    .mapToInt(e -> e.getIds().length)
                    .max()
                    .orElseThrow();
            int[] ids = new int[texts.length * tokens];
            int[] types = new int[ids.length];
            int[] lengths = new int[texts.length];
            int[] classes = new int[texts.length];
            for (int b = 0; b < texts.length; b++) {
                lengths[b] = encodings[b].getIds().length;
                classes[b] = b;
                for (int t = 0; t < lengths[b]; t++) {
                    ids[b * tokens + t] = (int) encodings[b].getIds()[t];
                    types[b * tokens + t] = (int) encodings[b].getTypeIds()[t];
                }
            }
            return new Batch(ids, types, lengths, new long[texts.length], new Targets.Classes(classes));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
