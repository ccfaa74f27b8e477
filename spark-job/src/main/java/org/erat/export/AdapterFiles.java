package org.erat.export;

import java.io.IOException;
import java.io.InputStream;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.RowMoments;
import org.erat.data.BadInputException;
import org.erat.data.Json;
import org.erat.data.safetensors.FloatTensor;
import org.erat.data.safetensors.SafetensorsFile;
import org.erat.data.safetensors.SafetensorsWriter;
import org.erat.data.storage.AtomicOutput;
import org.erat.head.HeadLayout;

/**
 * A directory with an adapter: {@code adapter_config.json} and {@code adapter_model.safetensors} as PEFT reads them, with
 * the task head where the model's class has it; otherwise the head is in {@code head.safetensors}, which PEFT leaves alone,
 * as it does {@code head_config.json}; the base model's tokenizer for {@code AutoTokenizer}, and a {@code README.md}. A run's own adapter has the moments of its inner activations in {@code
 * row_moments.safetensors} beside them.
 */
public final class AdapterFiles {
    static final String CONFIG = "adapter_config.json";
    static final String TENSORS = "adapter_model.safetensors";
    static final String HEAD_CONFIG = "head_config.json";
    static final String HEAD_TENSORS = "head.safetensors";
    static final String CARD = "README.md";
    static final String MOMENTS = "row_moments.safetensors";

    private static final long MOST_MISSING = 64;

    // What PyTorch writes; some readers refuse a file without it.
    static final Map<String, String> METADATA = Map.of("format", "pt");

    private AdapterFiles() {}

    /**
     * Writes an adapter with all its rows, all or nothing; one that is there is replaced.
     *
     * @param directory such as {@code adapter} of a run directory
     * @throws org.erat.data.UsageException if it cannot be written, or something else is there
     */
    public static void write(TrainedAdapter adapter, TokenizerFiles tokenizer, Path directory, Configuration hadoop) {
        PeftAdapter peft = Export.uniform(adapter, adapter.rank(), false).on(adapter.nameOfBase(hadoop));
        write(adapter, peft, tokenizer, moments(adapter), directory, hadoop);
    }

    /**
     * Writes what {@link Export} has cut from an adapter, with its head, all or nothing; one that is there is replaced.
     *
     * @throws org.erat.data.UsageException if it cannot be written, or something else is there
     */
    public static void write(
            TrainedAdapter adapter, PeftAdapter peft, TokenizerFiles tokenizer, Path directory, Configuration hadoop) {
        write(adapter, peft, tokenizer, Map.of(), directory, hadoop);
    }

    private static void write(
            TrainedAdapter adapter,
            PeftAdapter peft,
            TokenizerFiles tokenizer,
            Map<String, FloatTensor> moments,
            Path directory,
            Configuration hadoop) {
        AtomicOutput.at(directory, hadoop).folder(CONFIG, folder -> {
            folder.write(CONFIG, out -> out.write(PeftConfig.of(adapter, peft)));
            folder.write(TENSORS, out -> SafetensorsWriter.write(out, peft.tensors(), METADATA));
            folder.write(HEAD_CONFIG, out -> out.write(AdapterConfig.of(adapter).toJson()));
            if (hasFileOfHead(adapter)) {
                folder.write(HEAD_TENSORS, out -> SafetensorsWriter.write(out, adapter.headTensors(), METADATA));
            }
            if (!moments.isEmpty()) {
                folder.write(MOMENTS, out -> SafetensorsWriter.write(out, moments, METADATA));
            }
            for (Map.Entry<String, byte[]> file : tokenizer.contents().entrySet()) {
                folder.write(file.getKey(), out -> out.write(file.getValue()));
            }
            folder.write(CARD, out -> out.write(ModelCard.of(adapter, peft).getBytes(StandardCharsets.UTF_8)));
        });
    }

    /** The moments [R,R] by module; none where nothing is known of them. */
    private static Map<String, FloatTensor> moments(TrainedAdapter adapter) {
        Map<String, FloatTensor> tensors = new LinkedHashMap<>();
        adapter.moments().ifPresent(moments -> {
            for (AdapterLayout.Slot slot : adapter.layout().slots()) {
                FloatBuffer values = FloatBuffer.allocate(slot.rank() * slot.rank());
                for (double[] row : moments.bySlot()[slot.index()]) {
                    for (double value : row) {
                        values.put((float) value);
                    }
                }
                tensors.put(
                        adapter.nameOf(slot), new FloatTensor(new long[] {slot.rank(), slot.rank()}, values.flip()));
            }
        });
        return tensors;
    }

    private static RowMoments readMoments(SafetensorsFile file, TrainedAdapter adapter) {
        List<AdapterLayout.Slot> slots = adapter.layout().slots();
        double[][][] moments = new double[slots.size()][adapter.rank()][adapter.rank()];
        for (AdapterLayout.Slot slot : slots) {
            FloatBuffer values = file.requireFloats(adapter.nameOf(slot), slot.rank(), slot.rank());
            for (double[] row : moments[slot.index()]) {
                for (int i = 0; i < row.length; i++) {
                    row[i] = values.get();
                }
            }
        }
        return new RowMoments(moments);
    }

    /**
     * Reads an adapter that {@link #write(TrainedAdapter, TokenizerFiles, Path, Configuration)} wrote.
     *
     * @throws BadInputException if a file or tensor is missing or of the wrong shape, as it is after an export at a lower
     *     rank
     */
    public static TrainedAdapter read(Path directory, Configuration hadoop) {
        try {
            FileSystem fs = directory.getFileSystem(hadoop);
            requireFiles(List.of(CONFIG, TENSORS, HEAD_CONFIG), directory, fs);
            String place = new Path(directory, HEAD_CONFIG).toString();
            AdapterConfig config = AdapterConfig.parse(bytes(fs, new Path(directory, HEAD_CONFIG)), place);
            return read(config, directory, fs);
        } catch (IOException e) {
            throw new BadInputException(directory + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private static void requireFiles(List<String> names, Path directory, FileSystem fs) throws IOException {
        for (String name : names) {
            if (!fs.exists(new Path(directory, name))) {
                throw new BadInputException(new Path(directory, name)
                        + ": is missing, so there is no trained adapter. Let the run finish: submit its train command"
                        + " again.");
            }
        }
    }

    /** A language model's head is the base model's, and frozen. A head that the model's class has is in PEFT's file. */
    private static boolean hasFileOfHead(TrainedAdapter adapter) {
        return adapter.modelClass() == ModelClass.MODEL;
    }

    private static TrainedAdapter read(AdapterConfig config, Path directory, FileSystem fs) throws IOException {
        AdapterLayout layout = config.adapter().layout(config.architecture());
        HeadLayout head = config.head().layout();
        boolean fileOfHead = config.modelClass() == ModelClass.MODEL;
        List<String> files = fileOfHead ? List.of(TENSORS, HEAD_TENSORS) : List.of(TENSORS);
        requireFiles(files, directory, fs);
        requireRoom(layout.length() + head.length(), files, directory, fs);
        float[] parameters = new float[Math.toIntExact(layout.length() + head.length())];
        TrainedAdapter adapter = config.with(parameters);
        readTensors(new Path(directory, TENSORS), fs, file -> readAdapters(file, adapter));
        if (fileOfHead) {
            readTensors(new Path(directory, HEAD_TENSORS), fs, file -> {
                readHead(file, adapter, UnaryOperator.identity());
                requireNoMore(file, adapter.head().layout().arrays().size());
            });
        }
        Path moments = new Path(directory, MOMENTS);
        if (!fs.exists(moments)) {
            return adapter;
        }
        TrainedAdapter[] measured = new TrainedAdapter[1];
        readTensors(moments, fs, file -> measured[0] = adapter.with(readMoments(file, adapter)));
        return measured[0];
    }

    /**
     * What is far from what the files hold is not made room for. Where less is missing, as after an export at a lower rank,
     * the tensor that differs is named.
     */
    private static void requireRoom(long values, List<String> files, Path directory, FileSystem fs) throws IOException {
        long bytes = 0;
        for (String name : files) {
            bytes += fs.getFileStatus(new Path(directory, name)).getLen();
        }
        if (values > MOST_MISSING * bytes / Float.BYTES) {
            throw new BadInputException(new Path(directory, HEAD_CONFIG) + ": describes " + values + " values, and "
                    + String.join(" and ", files) + " beside it have " + bytes
                    + " bytes for them. Write the adapter again: run train or export again.");
        }
    }

    private static void readAdapters(SafetensorsFile file, TrainedAdapter adapter) {
        List<AdaptedModule> modules = AdaptedModule.of(adapter);
        for (AdaptedModule module : modules) {
            int rank = module.parts().size() * adapter.rank();
            module.read(
                    file.requireFloats(PeftAdapter.keyOfA(module.path()), rank, module.in()),
                    file.requireFloats(PeftAdapter.keyOfB(module.path()), module.out(), rank),
                    adapter.parameters());
        }
        boolean withHead = adapter.modelClass().takesHead();
        if (withHead) {
            readHead(file, adapter, PeftAdapter::key);
        }
        requireNoMore(
                file,
                2 * modules.size()
                        + (withHead ? adapter.head().layout().arrays().size() : 0));
    }

    /** @param key of an array in the file, by its name */
    private static void readHead(SafetensorsFile file, TrainedAdapter adapter, UnaryOperator<String> key) {
        for (HeadLayout.Array array : adapter.head().layout().arrays()) {
            file.requireFloats(key.apply(array.name()), array.shape())
                    .get(adapter.parameters(), adapter.headOffset() + array.offset(), array.length());
        }
    }

    private static void requireNoMore(SafetensorsFile file, int tensors) {
        if (file.names().size() != tensors) {
            throw new BadInputException(file.path() + ": holds " + file.names().size() + " tensors where " + tensors
                    + " are expected. Check that its " + HEAD_CONFIG + " belongs to it.");
        }
    }

    static void readTensors(Path path, FileSystem fs, Consumer<SafetensorsFile> reader) throws IOException {
        if (fs.getScheme().equals("file")) {
            try (SafetensorsFile file =
                    SafetensorsFile.open(java.nio.file.Path.of(path.toUri().getPath()))) {
                reader.accept(file);
            }
            return;
        }
        java.nio.file.Path copy = Files.createTempFile("adapter-", ".safetensors");
        try {
            fs.copyToLocalFile(false, path, new Path(copy.toUri()), true);
            try (SafetensorsFile file = SafetensorsFile.open(copy)) {
                reader.accept(file);
            }
        } catch (BadInputException e) {
            throw new BadInputException(path + ", read from a local copy: " + e.getMessage(), e);
        } finally {
            Files.deleteIfExists(copy);
        }
    }

    private static byte[] bytes(FileSystem fs, Path file) throws IOException {
        try (InputStream in = fs.open(file)) {
            return Json.bytes(in, file.toString());
        }
    }
}
