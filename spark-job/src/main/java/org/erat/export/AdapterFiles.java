package org.erat.export;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.erat.adapter.AdapterLayout;
import org.erat.data.BadInputException;
import org.erat.data.safetensors.FloatTensor;
import org.erat.data.safetensors.SafetensorsFile;
import org.erat.data.safetensors.SafetensorsWriter;

/**
 * A directory with an adapter: {@code adapter_config.json} and {@code adapter_model.safetensors} as PEFT reads them, the
 * task head in {@code head.safetensors} and {@code head_config.json}, which PEFT leaves alone, and a {@code README.md}.
 */
public final class AdapterFiles {
    static final String CONFIG = "adapter_config.json";
    static final String TENSORS = "adapter_model.safetensors";
    static final String HEAD_CONFIG = "head_config.json";
    static final String HEAD_TENSORS = "head.safetensors";
    static final String CARD = "README.md";

    private static final ObjectMapper JSON = new ObjectMapper();
    // What PyTorch writes; some readers refuse a file without it.
    private static final Map<String, String> METADATA = Map.of("format", "pt");

    private AdapterFiles() {}

    /**
     * Writes an adapter with all its rows, all or nothing; one that is there is replaced.
     *
     * @param directory such as {@code adapter} of a run directory
     * @throws org.erat.data.UsageException if it cannot be written, or something else is there
     */
    public static void write(TrainedAdapter adapter, Path directory, Configuration hadoop) {
        write(adapter, Export.uniform(adapter, adapter.rank(), false), directory, hadoop);
    }

    /**
     * Writes what {@link Export} has cut from an adapter, with its head, all or nothing; one that is there is replaced.
     *
     * @throws org.erat.data.UsageException if it cannot be written, or something else is there
     */
    public static void write(TrainedAdapter adapter, PeftAdapter peft, Path directory, Configuration hadoop) {
        AtomicOutput.at(directory, hadoop).folder(CONFIG, folder -> {
            folder.write(CONFIG, out -> out.write(config(adapter, peft)));
            folder.write(TENSORS, out -> SafetensorsWriter.write(out, peft.tensors(), METADATA));
            folder.write(HEAD_CONFIG, out -> out.write(HeadConfig.of(adapter).toJson()));
            folder.write(HEAD_TENSORS, out -> SafetensorsWriter.write(out, head(adapter), METADATA));
            folder.write(CARD, out -> out.write(ModelCard.of(adapter, peft).getBytes(StandardCharsets.UTF_8)));
        });
    }

    /**
     * Reads an adapter that {@link #write(TrainedAdapter, Path, Configuration)} wrote.
     *
     * @throws BadInputException if a file or tensor is missing or of the wrong shape, as it is after an export at a lower
     *     rank
     */
    public static TrainedAdapter read(Path directory, Configuration hadoop) {
        try {
            FileSystem fs = directory.getFileSystem(hadoop);
            for (String name : List.of(CONFIG, TENSORS, HEAD_CONFIG, HEAD_TENSORS)) {
                if (!fs.exists(new Path(directory, name))) {
                    throw new BadInputException(new Path(directory, name)
                            + ": is missing, so there is no trained adapter. Let the run finish: submit its train command"
                            + " again.");
                }
            }
            String place = new Path(directory, HEAD_CONFIG).toString();
            HeadConfig config = HeadConfig.parse(bytes(fs, new Path(directory, HEAD_CONFIG)), place);
            return read(config, place, directory, fs);
        } catch (IOException e) {
            throw new BadInputException(directory + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private static TrainedAdapter read(HeadConfig config, String place, Path directory, FileSystem fs)
            throws IOException {
        var spec = config.spec(place);
        AdapterLayout layout = spec.layout();
        HeadShape head = HeadShape.of(spec, config.outputs());
        float[] parameters = new float[Math.toIntExact(layout.length() + head.length())];
        readTensors(new Path(directory, TENSORS), fs, file -> readAdapters(file, layout, parameters));
        readTensors(new Path(directory, HEAD_TENSORS), fs, file -> readHead(file, head, parameters));
        return new TrainedAdapter(
                spec, config.task(), config.type(), config.labelNames(), config.metrics(), parameters);
    }

    private static void readAdapters(SafetensorsFile file, AdapterLayout layout, float[] parameters) {
        for (AdapterLayout.Slot slot : layout.slots()) {
            int rank = slot.rank();
            file.requireFloats(PeftAdapter.keyOfA(slot.module()), rank, slot.in())
                    .get(parameters, (int) slot.rowOfA(0), rank * slot.in());
            FloatBuffer b = file.requireFloats(PeftAdapter.keyOfB(slot.module()), slot.out(), rank);
            for (int row = 0; row < rank; row++) {
                int to = (int) slot.rowOfB(row);
                for (int out = 0; out < slot.out(); out++) {
                    parameters[to + out] = b.get(out * rank + row);
                }
            }
        }
        requireNoMore(file, 2 * layout.slots().size());
    }

    private static void readHead(SafetensorsFile file, HeadShape head, float[] parameters) {
        int at = (int) head.offset();
        for (Map.Entry<String, long[]> tensor : head.tensors().entrySet()) {
            FloatBuffer values = file.requireFloats(tensor.getKey(), tensor.getValue());
            int length = values.remaining();
            values.get(parameters, at, length);
            at += length;
        }
        requireNoMore(file, head.tensors().size());
    }

    private static void requireNoMore(SafetensorsFile file, int tensors) {
        if (file.names().size() != tensors) {
            throw new BadInputException(file.path() + ": holds " + file.names().size() + " tensors where " + tensors
                    + " are expected. Check that its " + HEAD_CONFIG + " belongs to it.");
        }
    }

    private interface TensorReader {
        void read(SafetensorsFile file);
    }

    private static void readTensors(Path path, FileSystem fs, TensorReader reader) throws IOException {
        if (fs.getScheme().equals("file")) {
            try (SafetensorsFile file =
                    SafetensorsFile.open(java.nio.file.Path.of(path.toUri().getPath()))) {
                reader.read(file);
            }
            return;
        }
        java.nio.file.Path copy = Files.createTempFile("adapter-", ".safetensors");
        try {
            fs.copyToLocalFile(false, path, new Path(copy.toUri()), true);
            try (SafetensorsFile file = SafetensorsFile.open(copy)) {
                reader.read(file);
            }
        } catch (BadInputException e) {
            throw new BadInputException(path + ", read from a local copy: " + e.getMessage(), e);
        } finally {
            Files.deleteIfExists(copy);
        }
    }

    private static byte[] bytes(FileSystem fs, Path file) throws IOException {
        try (InputStream in = fs.open(file)) {
            return in.readAllBytes();
        }
    }

    private static Map<String, FloatTensor> head(TrainedAdapter adapter) {
        Map<String, FloatTensor> tensors = new LinkedHashMap<>();
        int at = (int) adapter.head().offset();
        for (Map.Entry<String, long[]> tensor : adapter.head().tensors().entrySet()) {
            int length = 1;
            for (long dimension : tensor.getValue()) {
                length *= (int) dimension;
            }
            FloatBuffer values =
                    FloatBuffer.wrap(adapter.parameters(), at, length).slice();
            tensors.put(tensor.getKey(), new FloatTensor(tensor.getValue(), values));
            at += length;
        }
        return tensors;
    }

    /** The keys of PEFT's {@code LoraConfig}; those that are left out have its defaults. */
    private static byte[] config(TrainedAdapter adapter, PeftAdapter peft) throws IOException {
        ObjectNode config = JSON.createObjectNode();
        config.put("peft_type", "LORA");
        // The base model alone, without a head: what the keys of the tensors name.
        config.put("task_type", "FEATURE_EXTRACTION");
        config.put("base_model_name_or_path", adapter.baseModelName());
        config.putNull("revision");
        config.put("inference_mode", true);
        config.put("r", peft.rank());
        putNumber(config, "lora_alpha", peft.alpha());
        config.put("lora_dropout", adapter.spec().dropout());
        strings(config.putArray("target_modules"), peft.targetModules());
        ObjectNode ranks = config.putObject("rank_pattern");
        peft.rankPattern().forEach(ranks::put);
        ObjectNode alphas = config.putObject("alpha_pattern");
        peft.alphaPattern().forEach((modules, alpha) -> putNumber(alphas, modules, alpha));
        config.put("bias", "none");
        config.put("fan_in_fan_out", false);
        config.put("init_lora_weights", true);
        config.put("use_rslora", false);
        config.put("use_dora", false);
        config.putNull("modules_to_save");
        config.putNull("layers_to_transform");
        config.putNull("layers_pattern");
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(config);
    }

    private static void strings(ArrayNode into, Collection<String> values) {
        values.forEach(into::add);
    }

    /** PEFT declares α a whole number and takes any. */
    private static void putNumber(ObjectNode into, String key, double value) {
        if (value == Math.rint(value) && Math.abs(value) < 1e9) {
            into.put(key, (int) value);
        } else {
            into.put(key, value);
        }
    }
}
