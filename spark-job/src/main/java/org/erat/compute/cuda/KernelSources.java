package org.erat.compute.cuda;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.stream.Collectors;

/** The sources of the kernels, which are resources beside this class. */
final class KernelSources {
    /** What they include. */
    static final List<String> HEADERS = List.of("common.cuh", "tiles.cuh");

    /** The sources. */
    static final List<String> ALL = List.of(
            "elementwise.cu",
            "norms.cu",
            "attention.cu",
            "decode.cu",
            "fused_attention.cu",
            "fused_attention_backward.cu",
            "tokens.cu",
            "optimizer.cu");

    private KernelSources() {}

    /** What is compiled: all of them. */
    static String program() {
        return ALL.stream().map(name -> "#include \"" + name + "\"\n").collect(Collectors.joining());
    }

    static String read(String name) {
        try (InputStream source = KernelSources.class.getResourceAsStream(name)) {
            if (source == null) {
                throw new IllegalStateException("the job was built without its kernels: " + name + " is missing");
            }
            return new String(source.readAllBytes(), UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
