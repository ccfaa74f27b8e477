package org.erat.model;

import java.io.IOException;
import java.io.InputStream;
import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.erat.data.BadInputException;
import org.erat.data.Json;
import org.erat.data.architecture.Architecture;
import org.erat.data.architecture.ModelTensors;
import org.erat.data.basemodel.BaseModelDirectory;
import org.erat.data.safetensors.FloatTensor;
import org.erat.data.storage.Storage;

/**
 * A prepared base model: enough to plan with, without its weights.
 *
 * @param uri full path of its directory, with a scheme, so that it means the same on every machine
 * @param architecture what it computes
 * @param configSha256 SHA-256 of its {@code config.json}, in hexadecimal
 * @param weightsSha256 SHA-256 of its weights
 * @param tokenizerSha256 SHA-256 of its tokenizer
 * @param maxLength longest text in tokens
 * @param predictsTokens whether its checkpoint has all of a language model's output layer
 * @param weightBytes size of its weights
 */
public record BaseModel(
        String uri,
        Architecture architecture,
        String configSha256,
        String weightsSha256,
        String tokenizerSha256,
        int maxLength,
        boolean predictsTokens,
        long weightBytes) {
    /**
     * The base model in a directory.
     *
     * @param path directory on any Hadoop file system; without a scheme on the default one
     * @throws BadInputException if there is none, or it is damaged; names the file and the fix
     */
    public static BaseModel describe(String path, Configuration hadoop) {
        Path directory = existing(path, hadoop);
        try (BaseModelDirectory model = BaseModelDirectory.open(BaseModelFiles.localCopy(directory, hadoop))) {
            return new BaseModel(
                    directory.toString(),
                    model.architecture(),
                    model.configSha256(),
                    model.tensorsSha256(),
                    model.tokenizerSha256(),
                    model.maxLength(),
                    model.hasLanguageModelHead() || model.hasMaskedLanguageModelHead(),
                    model.tensorsFile().toFile().length());
        }
    }

    /**
     * Begins to read the base model in a directory on a thread of its own and returns: its weights are fetched and their
     * checksum is known when {@link #describe} asks for them, which also says what is wrong with them.
     *
     * @param path as for {@link #describe}
     */
    public static void readInBackground(String path) {
        Thread reading = new Thread(() -> describe(path, BaseModelFiles.hadoop()), "reading the base model");
        reading.setDaemon(true);
        reading.setUncaughtExceptionHandler((thread, failure) -> {});
        reading.start();
    }

    /**
     * The files of the base model in a directory, on the local disk.
     *
     * @param path as for {@link #describe}
     * @throws BadInputException as from {@link #describe}
     */
    public static BaseModelDirectory open(String path, Configuration hadoop) {
        return BaseModelDirectory.open(BaseModelFiles.localCopy(existing(path, hadoop), hadoop));
    }

    /**
     * The pooler of a base model: its tensors by the names of {@link ModelTensors#pooler}; empty where the model has none.
     *
     * @param path as for {@link #describe}
     * @throws BadInputException as from {@link #describe}
     */
    public static Map<String, FloatTensor> pooler(String path) {
        Map<String, FloatTensor> tensors = new LinkedHashMap<>();
        try (BaseModelDirectory model = open(path, BaseModelFiles.hadoop())) {
            if (model.hasPooler()) {
                ModelTensors.pooler(model.architecture())
                        .forEach((name, shape) -> tensors.put(
                                name,
                                new FloatTensor(shape, copy(model.tensors().floats(name)))));
            }
        }
        return tensors;
    }

    /** What outlives the file. */
    private static FloatBuffer copy(FloatBuffer values) {
        return FloatBuffer.allocate(values.remaining()).put(values.duplicate()).flip();
    }

    /**
     * What Python's libraries know a base model by: the name that prepare-model was given, or else what it was prepared from,
     * as prepare-model was told it; empty where it is not there any more or has no record of that. Reads no weights.
     */
    public static Optional<String> source(String path, Configuration hadoop) {
        Path record = new Path(Storage.path(path), BaseModelDirectory.RECORD);
        try (InputStream in = record.getFileSystem(hadoop).open(record)) {
            return Optional.of(BaseModelDirectory.source(Json.bytes(in, record.toString())));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static Path existing(String path, Configuration hadoop) {
        Path directory = Storage.path(path);
        try {
            FileSystem files = directory.getFileSystem(hadoop);
            directory = files.makeQualified(directory);
            if (!files.exists(directory)) {
                throw new BadInputException(
                        directory + ": there is no such base model. Make it with prepare-model --out " + path
                                + ", or name the directory of one: model.path of a configuration, --model of a"
                                + " command.");
            }
            return directory;
        } catch (IOException e) {
            throw new BadInputException("Base model " + directory + " cannot be read: " + e.getMessage(), e);
        }
    }
}
