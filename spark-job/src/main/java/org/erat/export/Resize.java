package org.erat.export;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.erat.adapter.OrderedProduct;
import org.erat.adapter.RankBudget;
import org.erat.data.BadInputException;
import org.erat.data.Json;
import org.erat.data.UsageException;
import org.erat.data.safetensors.Dtype;
import org.erat.data.safetensors.SafetensorsFile;
import org.erat.data.safetensors.SafetensorsWriter;
import org.erat.data.safetensors.TensorSource;
import org.erat.data.storage.AtomicOutput;

/**
 * Lowers the ranks of a LoRA adapter in PEFT's format, trained by this job or any other program. Of each module the rows are put into canonical
 * order ({@link OrderedProduct}) and the first are kept, with the scale that the module has: the closest adapter of its rank.
 * Everything else in the directory stays as it is.
 */
public final class Resize {
    private static final double TOLERANCE = 1e-12;

    private final PeftFolder folder;
    private final SafetensorsFile file;
    private final List<PeftFolder.Module> modules;
    private final List<OrderedProduct> products;

    private Resize(PeftFolder folder, SafetensorsFile file) {
        this.folder = folder;
        this.file = file;
        this.modules = folder.modules(file);
        this.products = modules.parallelStream()
                .map(module -> OrderedProduct.of(a(module), b(module)))
                .toList();
    }

    /** Which rows to keep. */
    public sealed interface Target {
        /** So many rows of each module, or all where it has fewer. */
        record Rank(int rank) implements Target {}

        /** Of each module the fewest rows that hold this share, above 0 and at most 1, of its Σσ². */
        record Energy(double share) implements Target {}

        /** The rows that contribute most, so many values of all A and B in all. */
        record Budget(long values) implements Target {}
    }

    /**
     * What was kept.
     *
     * @param modules with a row at least
     * @param ranks lowest and highest rank among them
     * @param values of all A and B, before and after
     * @param energy share of Σ(scale·σ)² over all modules
     */
    public record Kept(int modules, int[] ranks, long[] values, double energy) {}

    /**
     * Writes the adapter of {@code directory} with other ranks to {@code out}, all or nothing.
     *
     * @throws BadInputException if the directory holds no LoRA adapter, or one whose files do not fit each other
     * @throws UsageException if the adapter has no such rank, or the budget is below one row
     */
    public static Kept write(Path directory, Target target, Path out, Configuration hadoop) {
        try {
            FileSystem fs = directory.getFileSystem(hadoop);
            if (fs.makeQualified(directory).equals(fs.makeQualified(out))) {
                throw new UsageException(out + " is the adapter itself, which must stay. Name another folder.");
            }
            PeftFolder folder = PeftFolder.read(directory, fs);
            Path tensors = new Path(directory, AdapterFiles.TENSORS);
            if (!fs.exists(tensors)) {
                throw missing(tensors, fs);
            }
            Kept[] kept = new Kept[1];
            AdapterFiles.readTensors(
                    tensors, fs, file -> kept[0] = new Resize(folder, file).write(target, out, fs, hadoop));
            return kept[0];
        } catch (FileNotFoundException e) {
            throw new BadInputException(directory + ": does not exist. Name the directory of an adapter.", e);
        } catch (IOException e) {
            throw new BadInputException(directory + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private static BadInputException missing(Path tensors, FileSystem fs) throws IOException {
        Path pickle = new Path(tensors.getParent(), "adapter_model.bin");
        return new BadInputException(
                fs.exists(pickle)
                        ? pickle
                                + ": is a Python pickle, which can run code when it is read. Load the adapter with PEFT"
                                + " and write it again with save_pretrained, which makes " + AdapterFiles.TENSORS + "."
                        : tensors + ": is missing. Copy it from where the adapter was made.");
    }

    private Kept write(Target target, Path out, FileSystem fs, Configuration hadoop) {
        int[] ranks = ranks(target);
        AtomicOutput.at(out, hadoop).folder(AdapterFiles.CONFIG, writer -> {
            byte[] config = Json.mapper().writerWithDefaultPrettyPrinter().writeValueAsBytes(config(ranks));
            writer.write(AdapterFiles.CONFIG, stream -> stream.write(config));
            writer.write(
                    AdapterFiles.TENSORS,
                    stream -> SafetensorsWriter.writeStreaming(stream, tensors(ranks), file.metadata()));
            for (FileStatus other : fs.listStatus(folder.directory())) {
                String name = other.getPath().getName();
                if (other.isFile() && !name.equals(AdapterFiles.CONFIG) && !name.equals(AdapterFiles.TENSORS)) {
                    writer.write(name, stream -> {
                        try (InputStream in = fs.open(other.getPath())) {
                            in.transferTo(stream);
                        }
                    });
                }
            }
        });
        return kept(ranks);
    }

    // ---- ranks

    private int[] ranks(Target target) {
        if (target instanceof Target.Rank uniform) {
            int highest =
                    modules.stream().mapToInt(PeftFolder.Module::rank).max().orElseThrow();
            if (uniform.rank() < 1 || uniform.rank() > highest) {
                throw new UsageException(
                        "Rank " + uniform.rank() + " is not in 1.." + highest + ", the ranks that the adapter has.");
            }
            return modules.stream()
                    .mapToInt(module -> Math.min(module.rank(), uniform.rank()))
                    .toArray();
        }
        if (target instanceof Target.Budget budget) {
            return RankBudget.within(
                    IntStream.range(0, modules.size())
                            .mapToObj(i -> new RankBudget.Rows(
                                    contributions(i),
                                    (long) modules.get(i).in() + modules.get(i).out()))
                            .toList(),
                    budget.values());
        }
        double share = ((Target.Energy) target).share();
        int[] ranks = IntStream.range(0, modules.size())
                .map(i -> rank(products.get(i).singularValues(), share))
                .toArray();
        if (IntStream.of(ranks).sum() == 0) {
            throw new BadInputException(folder.directory() + ": every B·A is zero: the adapter has learnt nothing.");
        }
        return ranks;
    }

    /** scale·σ of each row. */
    private double[] contributions(int module) {
        double scale = modules.get(module).scale();
        return Arrays.stream(products.get(module).singularValues())
                .map(sigma -> scale * sigma)
                .toArray();
    }

    private static int rank(double[] sigma, double share) {
        double left = share * squares(sigma, sigma.length) * (1 - TOLERANCE);
        int rank = 0;
        while (rank < sigma.length && left > 0) {
            left -= sigma[rank] * sigma[rank];
            rank++;
        }
        return rank;
    }

    private static double squares(double[] values, int count) {
        return Arrays.stream(values, 0, count).map(value -> value * value).sum();
    }

    private Kept kept(int... ranks) {
        long before = 0;
        long after = 0;
        double all = 0;
        double kept = 0;
        for (int i = 0; i < ranks.length; i++) {
            long row = (long) modules.get(i).in() + modules.get(i).out();
            before += modules.get(i).rank() * row;
            after += ranks[i] * row;
            all += squares(contributions(i), modules.get(i).rank());
            kept += squares(contributions(i), ranks[i]);
        }
        int[] some = IntStream.of(ranks).filter(rank -> rank > 0).sorted().toArray();
        return new Kept(
                some.length,
                new int[] {some[0], some[some.length - 1]},
                new long[] {before, after},
                all == 0 ? 1 : kept / all);
    }

    // ---- files

    private ObjectNode config(int... ranks) {
        ObjectNode config = folder.config().deepCopy();
        int most = IntStream.of(ranks).max().orElseThrow();
        int common = IntStream.range(0, ranks.length)
                .filter(i -> ranks[i] == most)
                .findFirst()
                .orElseThrow();
        double alpha = alpha(common, most);
        config.put("r", most);
        PeftConfig.putNumber(config, "lora_alpha", alpha);
        ObjectNode rankPattern = config.putObject("rank_pattern");
        ObjectNode alphaPattern = config.putObject("alpha_pattern");
        List<String> kept = new ArrayList<>();
        for (int i = 0; i < ranks.length; i++) {
            if (ranks[i] > 0) {
                kept.add(modules.get(i).path());
                // Both or neither: earlier versions of PEFT look both up by the first expression that matches.
                if (ranks[i] != most || alpha(i, ranks[i]) != alpha) {
                    rankPattern.put(expression(modules.get(i).path()), ranks[i]);
                    PeftConfig.putNumber(alphaPattern, expression(modules.get(i).path()), alpha(i, ranks[i]));
                }
            }
        }
        if (kept.size() < modules.size()) {
            // Whole paths, so that the others get no adapter.
            ArrayNode targets = config.putArray("target_modules");
            kept.stream().sorted(Comparator.naturalOrder()).forEach(targets::add);
        }
        return config;
    }

    /** What PEFT makes the module's scale of. */
    private double alpha(int module, int rank) {
        return modules.get(module).scale() * (folder.rootScaled() ? Math.sqrt(rank) : rank);
    }

    /** Matches one module, here and in versions of PEFT before 0.15 where no other has the same path but for its start. */
    private String expression(String path) {
        String tail = path.substring(path.indexOf('.') + 1);
        boolean alone = modules.stream()
                        .filter(module ->
                                module.path().equals(tail) || module.path().endsWith("." + tail))
                        .count()
                == 1;
        return (alone ? tail : path).replace(".", "\\.");
    }

    private Map<String, TensorSource> tensors(int... ranks) {
        Map<String, TensorSource> tensors = new LinkedHashMap<>();
        for (String name : file.names()) {
            Dtype dtype = file.info(name).dtype();
            if (!dtype.isFloat()) {
                throw new BadInputException(file.path() + ": tensor '" + name + "' is of type " + dtype
                        + ", but F32, F16 or BF16 is needed. Leave it out, or convert it.");
            }
            tensors.put(name, new TensorSource(dtype, file.info(name).shape(), () -> file.floats(name)));
        }
        for (int i = 0; i < ranks.length; i++) {
            PeftFolder.Module module = modules.get(i);
            tensors.remove(module.keyA());
            tensors.remove(module.keyB());
            if (ranks[i] > 0) {
                putModule(tensors, module, products.get(i), ranks[i]);
            }
        }
        return tensors;
    }

    private static void putModule(
            Map<String, TensorSource> tensors, PeftFolder.Module module, OrderedProduct product, int rank) {
        long[] shapeA = module.a().shape();
        shapeA[0] = rank;
        long[] shapeB = module.b().shape();
        shapeB[1] = rank;
        tensors.put(module.keyA(), new TensorSource(module.a().dtype(), shapeA, () -> {
            FloatBuffer values = FloatBuffer.allocate(rank * module.in());
            for (int row = 0; row < rank; row++) {
                for (double value : product.a()[row]) {
                    values.put((float) value);
                }
            }
            return values.flip();
        }));
        tensors.put(module.keyB(), new TensorSource(module.b().dtype(), shapeB, () -> {
            FloatBuffer values = FloatBuffer.allocate(module.out() * rank);
            for (int out = 0; out < module.out(); out++) {
                for (int row = 0; row < rank; row++) {
                    values.put((float) product.b()[row][out]);
                }
            }
            return values.flip();
        }));
    }

    private double[][] a(PeftFolder.Module module) {
        FloatBuffer values = finite(module.keyA());
        double[][] a = new double[module.rank()][module.in()];
        for (double[] row : a) {
            for (int i = 0; i < row.length; i++) {
                row[i] = values.get();
            }
        }
        return a;
    }

    private double[][] b(PeftFolder.Module module) {
        FloatBuffer values = finite(module.keyB());
        double[][] b = new double[module.rank()][module.out()];
        for (int out = 0; out < module.out(); out++) {
            for (int row = 0; row < module.rank(); row++) {
                b[row][out] = values.get();
            }
        }
        return b;
    }

    private FloatBuffer finite(String name) {
        FloatBuffer values = file.floats(name);
        for (int i = values.position(); i < values.limit(); i++) {
            if (!Float.isFinite(values.get(i))) {
                throw new BadInputException(file.path() + ": tensor '" + name + "' has a value that is not finite."
                        + " Take a checkpoint from before training diverged.");
            }
        }
        return values.duplicate();
    }
}
