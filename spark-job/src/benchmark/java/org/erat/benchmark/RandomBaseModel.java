package org.erat.benchmark;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.erat.data.architecture.Activation;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.Architecture.FeedForward;
import org.erat.data.architecture.Architecture.Heads;
import org.erat.data.architecture.Architecture.Mask;
import org.erat.data.architecture.Architecture.Norm;
import org.erat.data.architecture.Architecture.Place;
import org.erat.data.architecture.Positions;
import org.erat.data.architecture.Bert;
import org.erat.data.architecture.ConfigJson;
import org.erat.data.architecture.Families;
import org.erat.data.architecture.ModelTensors;
import org.erat.data.basemodel.BaseModelDirectory;
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
        Architecture given = Families.architecture(ConfigJson.read(like.resolve(BaseModelDirectory.CONFIG)));
        Architecture shape = new Architecture(
                given.family(),
                given.vocabulary(),
                given.tokenTypes(),
                given.positions(),
                blocks,
                width,
                width,
                new Heads(heads, heads, width / heads),
                List.of(given.mask(0)),
                new FeedForward(
                        4 * width,
                        given.feedForward().activation(),
                        given.feedForward().gated()),
                given.norm(),
                given.biases(),
                given.tied(),
                given.padTokenId(),
                given.pooling());
        write(directory, shape, Files.readAllBytes(like.resolve(BaseModelDirectory.TOKENIZER)));
    }

    /** BERT with exact GELU, two token types and padding by token 0. */
    public static Architecture bert(int vocabulary, int positions, int blocks, int width, int heads, int inner) {
        return Architecture.encoder("bert", vocabulary, 2, Positions.ofAllTokens(positions), blocks, width, heads, inner, Activation.GELU, 1e-12, 0);
    }

    /** Writes one of any shape of BERT. */
    public static void write(Path directory, Architecture shape, byte[] tokenizer) throws IOException {
        Files.createDirectories(directory);
        Files.write(
                directory.resolve(BaseModelDirectory.CONFIG),
                new Bert().config(shape, directory.toString()).bytes());
        Files.write(directory.resolve(BaseModelDirectory.TOKENIZER), tokenizer);
        writeTensors(directory, shape);
    }

    private static void writeTensors(Path directory, Architecture shape) throws IOException {
        Map<String, TensorSource> tensors = new LinkedHashMap<>();
        Map<String, long[]> shapes = new LinkedHashMap<>(ModelTensors.required(shape));
        shapes.putAll(ModelTensors.maskedLanguageModelHead(shape));
        shapes.forEach((name, size) -> tensors.put(name, new TensorSource(size, () -> values(name, size))));
        SafetensorsWriter.writeStreaming(
                directory.resolve(BaseModelDirectory.TENSORS), tensors, Map.of("format", "pt"));
    }

    /** Writes that of a {@code config.json}, unless it is there, with the tokenizer of {@code like}. */
    static void write(Path directory, String config, Path like) throws IOException {
        if (Files.exists(directory.resolve(BaseModelDirectory.TENSORS))) {
            return;
        }
        Files.createDirectories(directory);
        Path file = directory.resolve(BaseModelDirectory.CONFIG);
        Files.writeString(file, config);
        Files.copy(
                like.resolve(BaseModelDirectory.TOKENIZER),
                directory.resolve(BaseModelDirectory.TOKENIZER),
                StandardCopyOption.REPLACE_EXISTING);
        writeTensors(directory, Families.architecture(ConfigJson.read(file)));
    }

    private static FloatBuffer values(String name, long[] shape) {
        Random random = new Random(name.hashCode());
        boolean gain = name.matches("(.*[._])?(LayerNorm|ln_\\w+|\\w*norm)\\.weight");
        FloatBuffer values = FloatBuffer.allocate((int) (shape.length == 2 ? shape[0] * shape[1] : shape[0]));
        for (int i = 0; i < values.capacity(); i++) {
            values.put(i, (float) ((gain ? 1 : 0) + 0.02 * random.nextGaussian()));
        }
        return values;
    }
}
