package org.erat.data.basemodel;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.erat.data.BadInputException;
import org.erat.data.Sha256;

/**
 * A tokenizer at work for the first time, in a process of its own. The tokenizers library is native code, and some files
 * make it end the process that it runs in. What has passed here is safe for drivers and executors.
 */
final class TokenizerTrial {
    /** Letters of several scripts, digits and punctuation: something of each kind of token. */
    private static final String TEXT = "The 3 naïve cafés, in Tōkyō (東京) & Москва: 42 % off!";

    private static final String FLAVOR = "RUST_FLAVOR";
    private static final int REFUSED = 3;
    private static final long LONGEST_SECONDS = 60;
    private static final int MOST_REMEMBERED = 64;

    // The same file is tried by prepare-model and by prepare-data, which may be commands of one process.
    private static final Map<String, long[]> PASSED = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, long[]> eldest) {
            return size() > MOST_REMEMBERED;
        }
    };

    private TokenizerTrial() {}

    /**
     * Loads a tokenizer in another process and encodes a text, a pair of texts and a list of words.
     *
     * @param json the {@code tokenizer.json}
     * @param where it is from, for messages
     * @return ids of all tokens
     * @throws BadInputException if the library cannot load or use it, or does not survive it
     */
    static long[] run(byte[] json, String where) {
        String sha256 = Sha256.of(json);
        synchronized (PASSED) {
            long[] ids = PASSED.get(sha256);
            if (ids == null) {
                ids = inAnotherProcess(json, where);
                PASSED.put(sha256, ids);
            }
            return ids.clone();
        }
    }

    private static long[] inAnotherProcess(byte[] json, String where) {
        try {
            Process process =
                    new ProcessBuilder(command()).redirectErrorStream(true).start();
            try {
                return result(process, json, where);
            } finally {
                process.destroyForcibly();
            }
        } catch (IOException e) {
            throw new BadInputException(
                    where + ": the tokenizer cannot be tried, since no process can be started: " + e.getMessage()
                            + ". Check the limits of processes and memory.",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while a tokenizer was tried", e);
        }
    }

    private static long[] result(Process process, byte[] json, String where) throws IOException, InterruptedException {
        try (OutputStream in = process.getOutputStream()) {
            in.write(json);
        } catch (IOException e) {
            // It has ended before it read all; its exit code says why.
        }
        String said;
        boolean ended;
        try (InputStream out = process.getInputStream()) {
            ended = process.waitFor(LONGEST_SECONDS, TimeUnit.SECONDS);
            if (!ended) {
                process.destroyForcibly().waitFor();
            }
            said = new String(out.readAllBytes(), StandardCharsets.UTF_8);
        }
        List<String> lines = said.lines().filter(line -> !line.isBlank()).toList();
        if (!ended) {
            throw new BadInputException(where + ": the tokenizer does not encode a short text within " + LONGEST_SECONDS
                    + " seconds. Save it again with the transformers library.");
        }
        if (process.exitValue() == 0) {
            String last = lines.get(lines.size() - 1);
            return Arrays.stream(last.split(" ", -1)).mapToLong(Long::parseLong).toArray();
        }
        String reason = process.exitValue() == REFUSED && !lines.isEmpty()
                ? lines.get(lines.size() - 1)
                : "the tokenizers library ended its process with exit code " + process.exitValue()
                        + panic(lines).map(line -> ": " + line).orElse("");
        throw new BadInputException(
                where + ": the tokenizer cannot be used: " + reason + ". Save it again with the transformers library.");
    }

    /** What the library said last: Rust names the place of a panic in one line and its reason in the next. */
    private static Optional<String> panic(List<String> lines) {
        for (int i = 0; i < lines.size() - 1; i++) {
            if (lines.get(i).contains("panicked at")) {
                return Optional.of(lines.get(i + 1));
            }
        }
        return Optional.empty();
    }

    private static List<String> command() {
        String classPath = System.getProperty("java.class.path");
        // Under spark-submit the job's jar is not on the class path of the process.
        for (Class<?> used : List.of(TokenizerTrial.class, HuggingFaceTokenizer.class)) {
            classPath = home(used).map(Path::toString).orElse("") + File.pathSeparator + classPath;
        }
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Djava.io.tmpdir=" + System.getProperty("java.io.tmpdir"),
                "-D" + FLAVOR + "=cpu",
                "-cp",
                classPath,
                TokenizerTrial.class.getName());
    }

    private static Optional<Path> home(Class<?> of) {
        CodeSource source = of.getProtectionDomain().getCodeSource();
        try {
            return source == null
                    ? Optional.empty()
                    : Optional.of(Path.of(source.getLocation().toURI()));
        } catch (URISyntaxException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** The other process: reads a tokenizer from its input and writes ids, or a reason. */
    @SuppressWarnings("SystemExitOutsideMain")
    public static void main(String[] args) {
        try {
            byte[] json = System.in.readAllBytes();
            long[] ids = encode(json);
            System.out.println(
                    String.join(" ", LongStream.of(ids).mapToObj(Long::toString).toList()));
        } catch (IOException | RuntimeException e) {
            System.out.println(
                    String.valueOf(e.getMessage()).lines().findFirst().orElse(e.toString()));
            System.exit(REFUSED);
        }
    }

    private static long[] encode(byte[] json) throws IOException {
        try (HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(json), null)) {
            LongStream.Builder ids = LongStream.builder();
            for (Encoding encoding : List.of(
                    tokenizer.encode(TEXT),
                    tokenizer.encode("a", TEXT),
                    tokenizer.encode(List.of(TEXT.split(" ", -1))),
                    tokenizer.encode(""))) {
                LongStream.of(encoding.getIds()).forEach(ids::add);
            }
            return ids.build().toArray();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }
}
