package org.erat.compute.cuda;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;

/**
 * Libraries by the names of NVIDIA's, which have the emulator as their only device. A JVM that is started with the system
 * property {@code erat.cuda.stand-ins}, the path of {@link Emulator#library}, loads them before JavaCPP asks for NVIDIA's,
 * so that everything of the CUDA implementation runs on them. No other JVM sees them.
 */
final class StandIns {
    /** The system property. */
    static final String PROPERTY = "erat.cuda.stand-ins";

    /** Sources of all functions; the first one includes the others. */
    static final List<String> SOURCES = List.of("standins.cpp", "standins-cublas.cpp", "standins-compiler.cpp");

    private static final String LIBRARY = System.getProperty(PROPERTY);
    private static final List<String> NAMES =
            List.of("libcuda.so.1", "libcudart.so.13", "libcublas.so.13", "libcublasLt.so.13", "libnvrtc.so.13");

    private StandIns() {}

    /** Whether this JVM has them in place of NVIDIA's libraries. */
    static boolean chosen() {
        return LIBRARY != null;
    }

    /** Loads them where they are chosen. */
    static void load() {
        if (chosen()) {
            ThisJvm.load();
        }
    }

    private static final class ThisJvm {
        static {
            try {
                link(Path.of(LIBRARY));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private ThisJvm() {}

        static void load() {}
    }

    /** All functions lie in one library; those that JavaCPP's are linked against only lead to it. */
    private static void link(Path all) throws IOException {
        System.load(all.toString());
        Path folder = Files.createTempDirectory(all.getParent(), "stand-ins");
        Path empty = Files.createFile(folder.resolve("empty.cpp"));
        for (String name : NAMES) {
            Path library = folder.resolve(name);
            Emulator.compile(List.of(
                    "-shared",
                    "-o",
                    library.toString(),
                    "-Wl,-soname," + name,
                    empty.toString(),
                    "-Wl,--no-as-needed",
                    all.toString()));
            System.load(library.toString());
        }
    }

    /** Lets a function fail from now on: with no algorithm for a status of -1, where it looks for one. */
    static void fail(String function, int status) {
        try (BytePointer name = new BytePointer(function)) {
            fail(name.address(), status);
        }
    }

    /** The names of all functions that were called in this JVM. */
    static Set<String> called() {
        Set<String> names = new TreeSet<>();
        long name = called(0);
        while (name != 0) {
            names.add(new At(name).getString());
            name = called(names.size());
        }
        return names;
    }

    /** A pointer to an address. */
    private static final class At extends BytePointer {
        At(long to) {
            super((Pointer) null);
            address = to;
        }
    }

    private static native void fail(long function, int status);

    /** Lets no function fail. */
    static native void heal();

    private static native long called(int index);
}
