package org.erat.compute.cuda;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.commons.io.FileUtils;
import org.erat.data.safetensors.Dtype;

/**
 * The job's CUDA kernels as a C++ compiler builds them for this processor, where there is one: once for each run of the
 * tests, together with the {@link StandIns}, which another JVM loads.
 */
final class Emulator {
    private static final List<String> COMPILER = List.of(
            "g++",
            "-std=c++17",
            "-O2",
            "-ftree-vectorize",
            // For loops over doubles to be fast; every operation is rounded, whatever the processor.
            "-march=native",
            "-ffp-contract=off",
            // Threads jump from stack to stack.
            "-U_FORTIFY_SOURCE",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-Wno-unknown-pragmas");
    private static final Pattern KERNEL = Pattern.compile("extern\\s+\"C\"\\s+void\\s+(\\w+)\\s*\\(");

    private final Path library;
    private final Map<String, Integer> kernels;

    private Emulator(Path library, Map<String, Integer> kernels) {
        this.library = library;
        this.kernels = kernels;
    }

    /** Why there is none; empty where there is one. */
    static String obstacle() {
        return ThisJvm.OBSTACLE;
    }

    static Emulator get() {
        return ThisJvm.EMULATOR;
    }

    private static final class ThisJvm {
        static final String OBSTACLE;
        static final Emulator EMULATOR;

        static {
            String found = run(List.of("g++", "--version"));
            if (found == null) {
                OBSTACLE = "there is no g++ to build the kernels for this processor with";
                EMULATOR = null;
            } else {
                OBSTACLE = "";
                EMULATOR = build();
            }
        }

        private ThisJvm() {}
    }

    private static Emulator build() {
        try {
            Path folder = sources();
            for (String file : List.of("emulator.h", "emulator.cpp", "fragments.cu")) {
                copy(file, folder);
            }
            for (String file : StandIns.SOURCES) {
                copy(file, folder);
            }
            Map<String, Integer> kernels = writeTable(folder);
            Path library = folder.resolve("libemulator.so");
            String all = folder.resolve(StandIns.SOURCES.get(0)).toString();
            compile(List.of("-shared", "-fPIC", "-Wl,-soname,libemulator.so", "-o", library.toString(), all));
            System.load(library.toString());
            return new Emulator(library, kernels);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Numbers the kernels; the numbers by their names. */
    private static Map<String, Integer> writeTable(Path folder) throws IOException {
        Path table = Files.createFile(folder.resolve("table.inc"));
        Map<String, Integer> kernels = new HashMap<>();
        List<String> entries = new ArrayList<>();
        Matcher names = KERNEL.matcher(
                compile(List.of("-E", "-P", folder.resolve("emulator.cpp").toString())));
        while (names.find()) {
            String name = names.group(1);
            if (kernels.putIfAbsent(name, entries.size()) == null) {
                entries.add("kernel(\"" + name + "\", " + name + "),");
            }
        }
        Files.write(table, entries);
        return kernels;
    }

    /** The library of the kernels and the stand-ins. */
    Path library() {
        return library;
    }

    /** A folder with the sources of the kernels, for as long as this JVM lives. */
    static Path sources() throws IOException {
        Path folder = Files.createTempDirectory("cuda-kernels");
        for (String name : KernelSources.ALL) {
            copy(name, folder);
        }
        for (String name : KernelSources.HEADERS) {
            copy(name, folder);
        }
        Runtime.getRuntime().addShutdownHook(new Thread(() -> FileUtils.deleteQuietly(folder.toFile())));
        return folder;
    }

    private static void copy(String name, Path folder) throws IOException {
        try (InputStream source = Emulator.class.getResourceAsStream(name)) {
            Files.copy(source, folder.resolve(name));
        }
    }

    static String compile(List<String> arguments) {
        List<String> command = new ArrayList<>(COMPILER);
        command.addAll(arguments);
        return run(command);
    }

    /**
     * What a command printed; null where there is no such command.
     *
     * @throws AssertionError with what it printed where it fails
     */
    static String run(List<String> command) {
        try {
            Path output = Files.createTempFile("output", ".txt");
            try {
                Process process = start(command, output);
                if (process == null) {
                    return null;
                }
                if (!process.waitFor(5, TimeUnit.MINUTES)) {
                    process.destroyForcibly();
                    throw new AssertionError(command + " takes longer than five minutes");
                }
                String text = Files.readString(output, UTF_8);
                if (process.exitValue() != 0) {
                    throw new AssertionError(command + " failed:\n" + text);
                }
                return text;
            } finally {
                Files.delete(output);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /** Null where there is no such command; a full disk, or an output that cannot be read, is another matter. */
    private static Process start(List<String> command, Path output) {
        try {
            return new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
        } catch (IOException e) {
            return null;
        }
    }

    /** The kernels' names. */
    List<String> kernels() {
        return kernels.keySet().stream().sorted().toList();
    }

    /** Runs all threads of a launch, in the order of their numbers or from the last to the first. */
    synchronized void run(Launch launch, boolean backwards) {
        Integer kernel = kernels.get(launch.kernel());
        if (kernel == null) {
            throw new AssertionError("there is no kernel " + launch.kernel() + " among " + kernels());
        }
        int status = launch(
                kernel, launch.blocks(), launch.threads(), launch.parameters().address(), backwards ? 1 : 0);
        if (status != 0) {
            throw new AssertionError("threads that meet others do not all come in " + launch);
        }
    }

    /** As a GPU's library would do it. */
    void run(Gemm p, boolean tf32, long a, long b, long c, long bias, long auxiliary) {
        gemm(
                p.transposeA() ? 1 : 0,
                p.transposeB() ? 1 : 0,
                p.m(),
                p.n(),
                p.k(),
                p.operands() == Dtype.BF16 ? 1 : 0,
                p.result() == Dtype.BF16 ? 1 : 0,
                tf32 ? 1 : 0,
                a,
                p.strideA(),
                b,
                p.strideB(),
                c,
                p.strideC(),
                p.alpha(),
                p.beta(),
                number(p.epilogue()),
                bias,
                auxiliary);
    }

    /** What the emulator calls it. */
    private static int number(Epilogue epilogue) {
        return switch (epilogue) {
            case NONE -> 0;
            case BIAS -> 1;
            case GELU -> 2;
            case GELU_BACKWARD -> 3;
        };
    }

    private static native int launch(int kernel, int blocks, int threads, long arguments, int backwards);

    private static native void gemm(
            int transposeA,
            int transposeB,
            long m,
            long n,
            long k,
            int halfOperands,
            int halfResult,
            int tf32,
            long a,
            long strideA,
            long b,
            long strideB,
            long c,
            long strideC,
            float alpha,
            float beta,
            int epilogue,
            long bias,
            long auxiliary);
}
