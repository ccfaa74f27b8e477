package org.erat.benchmark;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.erat.data.basemodel.BaseModelDirectory;
import org.erat.data.basemodel.ModelConfig;
import org.erat.data.basemodel.ModelConfigFile;
import org.erat.data.basemodel.TensorNames;
import org.erat.data.safetensors.SafetensorsWriter;
import org.erat.data.safetensors.TensorSource;

/** A base model of a given shape with random weights: how long a step takes does not depend on their values. */
public final class RandomBaseModel {
    private RandomBaseModel() {}

    /** Writes one with the vocabulary and tokenizer of {@code like}, unless it is there. */
    static void write(Path directory, Path like, int blocks, int width, int heads) throws IOException {
        if (Files.exists(directory.resolve(BaseModelDirectory.TENSORS))) {
            return;
        }
        ModelConfig given = ModelConfigFile.read(like.resolve(BaseModelDirectory.CONFIG));
        ModelConfig config = new ModelConfig(
                given.modelType(),
                given.vocabSize(),
                width,
                blocks,
                heads,
                4 * width,
                given.maxPositionEmbeddings(),
                given.typeVocabSize(),
                given.layerNormEps(),
                given.hiddenAct(),
                given.padTokenId());
        write(directory, config, Files.readAllBytes(like.resolve(BaseModelDirectory.TOKENIZER)));
    }

    /** Writes one of any shape. */
    public static void write(Path directory, ModelConfig config, byte[] tokenizer) throws IOException {
        Files.createDirectories(directory);
        ModelConfigFile.write(config, directory.resolve(BaseModelDirectory.CONFIG));
        Files.write(directory.resolve(BaseModelDirectory.TOKENIZER), tokenizer);
        Map<String, TensorSource> tensors = new LinkedHashMap<>();
        TensorNames.required(config)
                .forEach((name, shape) -> tensors.put(name, new TensorSource(shape, () -> values(name, shape))));
        SafetensorsWriter.writeStreaming(
                directory.resolve(BaseModelDirectory.TENSORS), tensors, Map.of("format", "pt"));
    }

    private static FloatBuffer values(String name, long[] shape) {
        Random random = new Random(name.hashCode());
        boolean gain = name.endsWith("LayerNorm.weight");
        FloatBuffer values = FloatBuffer.allocate((int) (shape.length == 2 ? shape[0] * shape[1] : shape[0]));
        for (int i = 0; i < values.capacity(); i++) {
            values.put(i, (float) ((gain ? 1 : 0) + 0.02 * random.nextGaussian()));
        }
        return values;
    }
}
