package org.erat.export;

import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.erat.data.BadInputException;
import org.erat.data.UsageException;
import org.erat.data.architecture.ModelTensors;
import org.erat.data.basemodel.BaseModelDirectory;
import org.erat.data.basemodel.CheckpointTensors;
import org.erat.data.basemodel.ModelShards;
import org.erat.data.safetensors.Dtype;
import org.erat.data.safetensors.FloatTensor;
import org.erat.data.safetensors.SafetensorsWriter;
import org.erat.data.safetensors.TensorSource;
import org.erat.data.storage.AtomicOutput;

/**
 * A base model with an adapter in its weights, W + (α/r)·B·A, as a directory that the transformers library and servers load
 * without PEFT: the checkpoint's names and shapes, the precision that it had, and the task head. Sums are in double precision and rounded
 * once to single, then to nearest even. One tensor is in memory at a time.
 */
public final class MergedModel {
    /** The adapter's PEFT configuration, under a name that makes nobody load it a second time. */
    static final String MARK = "merged_adapter_config.json";

    /** Of the values of one file, as the transformers library has it. */
    private static final long BYTES_OF_A_FILE = 5_000_000_000L;

    private final Map<String, PeftModule> modules;
    private final Map<String, FloatTensor> head;
    private final BaseModelDirectory model;

    private MergedModel(PeftAdapter peft, BaseModelDirectory model) {
        this.modules = peft.modules().stream()
                .collect(Collectors.toMap(module -> ModelTensors.weight(module.path()), Function.identity()));
        this.head = peft.saved();
        this.model = model;
    }

    /**
     * Checks that the transformers library has a class for base model and head together.
     *
     * @throws UsageException if it has not
     */
    public static void requireClass(TrainedAdapter adapter) {
        switch (adapter.modelClass()) {
            case SEQUENCE_CLASSIFIER, TOKEN_CLASSIFIER, CAUSAL_LANGUAGE_MODEL -> {}
            case MODEL ->
                throw new UsageException(
                        "--merged needs a class of the transformers library that has the adapter's head,"
                                + " and none has one that reads the mean of all tokens. Leave --merged out and use the adapter as"
                                + " its README.md shows, or train with head.pooling = family.");
            case MASKED_LANGUAGE_MODEL ->
                throw new UsageException("--merged is for models that a server can run. An adapter for "
                        + adapter.type()
                        + " on a " + adapter.architecture().family() + " model sees its text in another way than the"
                        + " transformers library does. Leave --merged out and use the adapter as its README.md shows.");
        }
    }

    /**
     * Writes the model, all or nothing; a merged one that is there is replaced.
     *
     * @param model the base model that the adapter was trained on
     * @throws UsageException if the directory cannot be written, something else is there, or there is no such class
     * @throws BadInputException if a value is too large for the model's precision
     */
    public static void write(
            TrainedAdapter adapter,
            PeftAdapter peft,
            BaseModelDirectory model,
            TokenizerFiles tokenizer,
            Path directory,
            Configuration hadoop) {
        write(adapter, peft, model, tokenizer, directory, hadoop, BYTES_OF_A_FILE);
    }

    static void write(
            TrainedAdapter adapter,
            PeftAdapter peft,
            BaseModelDirectory model,
            TokenizerFiles tokenizer,
            Path directory,
            Configuration hadoop,
            long bytesOfAFile) {
        requireClass(adapter);
        Map<String, TensorSource> tensors = new MergedModel(peft, model).tensors(adapter.modelClass());
        ModelShards shards = ModelShards.of(tensors, bytesOfAFile);
        AtomicOutput.at(directory, hadoop).folder(MARK, folder -> {
            byte[] config =
                    MergedConfig.of(adapter, Files.readAllBytes(model.path().resolve(BaseModelDirectory.CONFIG)));
            folder.write(BaseModelDirectory.CONFIG, out -> out.write(config));
            folder.write(MARK, out -> out.write(PeftConfig.of(adapter, peft)));
            for (Map.Entry<String, byte[]> file : tokenizer.contents().entrySet()) {
                folder.write(file.getKey(), out -> out.write(file.getValue()));
            }
            for (Map.Entry<String, Map<String, TensorSource>> file :
                    shards.files().entrySet()) {
                folder.write(
                        file.getKey(),
                        out -> SafetensorsWriter.writeStreaming(out, file.getValue(), AdapterFiles.METADATA));
            }
            if (shards.files().size() > 1) {
                folder.write(ModelShards.INDEX, out -> out.write(shards.index()));
            }
            String card = ModelCard.ofMerged(adapter, peft, model.dtype());
            folder.write(AdapterFiles.CARD, out -> out.write(card.getBytes(StandardCharsets.UTF_8)));
        });
    }

    private Map<String, TensorSource> tensors(ModelClass type) {
        Map<String, TensorSource> tensors =
                new LinkedHashMap<>(CheckpointTensors.of(model, model.dtype(), this::merged));
        if (type == ModelClass.CAUSAL_LANGUAGE_MODEL) {
            tensors.putAll(CheckpointTensors.languageModelHead(model, model.dtype(), this::merged));
        }
        head.forEach((name, tensor) -> tensors.put(
                name, new TensorSource(model.dtype(), tensor.shape(), () -> merged(name, tensor.values()))));
        return tensors;
    }

    /** @param weight [out,in] */
    private FloatBuffer merged(String name, FloatBuffer weight) {
        PeftModule module = modules.get(name);
        FloatBuffer merged = module == null ? weight : sum(module, weight);
        requireRange(name, merged);
        return merged;
    }

    private static FloatBuffer sum(PeftModule module, FloatBuffer weight) {
        int out = Math.toIntExact(module.b().shape()[0]);
        int in = Math.toIntExact(module.a().shape()[1]);
        float[] a = floats(module.a().values());
        float[] b = floats(module.b().values());
        float[] sum = floats(weight);
        IntStream.range(0, out).parallel().forEach(row -> addRow(module, a, b, sum, row, in));
        return FloatBuffer.wrap(sum);
    }

    private static void addRow(PeftModule module, float[] a, float[] b, float[] sum, int row, int in) {
        int rank = module.rank();
        double[] delta = new double[in];
        for (int r = 0; r < rank; r++) {
            double factor = module.scale() * b[row * rank + r];
            // Most of a fused adapter's B is zero.
            if (factor != 0) {
                for (int i = 0; i < in; i++) {
                    delta[i] += factor * a[r * in + i];
                }
            }
        }
        for (int i = 0; i < in; i++) {
            sum[row * in + i] = (float) (sum[row * in + i] + delta[i]);
        }
    }

    private static float[] floats(FloatBuffer values) {
        float[] floats = new float[values.remaining()];
        values.get(values.position(), floats);
        return floats;
    }

    private void requireRange(String name, FloatBuffer values) {
        // What rounds to infinity is from halfway between the largest number and the next power of two on.
        float limit = model.dtype() == Dtype.F16 ? 65_520 : model.dtype() == Dtype.BF16 ? 0x1.ffp127f : Float.MAX_VALUE;
        for (int i = values.position(); i < values.limit(); i++) {
            if (!(Math.abs(values.get(i)) < limit)) {
                throw new BadInputException(
                        model.path() + ": with the adapter, tensor '" + name + "' has the value " + values.get(i)
                                + ", which " + model.dtype() + " cannot hold. Export the adapter without --merged.");
            }
        }
    }
}
