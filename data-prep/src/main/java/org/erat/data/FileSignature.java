package org.erat.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What a file is by its first bytes, where it turns out not to be what its name says: the usual accidents of downloads
 * and copies. Readers ask here when they cannot make sense of a file, so all of them give the same answer.
 */
public final class FileSignature {
    /** How to turn weights that only Python can read into safetensors. */
    public static final String CONVERT = "Convert it with the transformers library:"
            + " AutoModel.from_pretrained(DIRECTORY).save_pretrained(OTHER, safe_serialization=True).";

    /** What is said of weights in a format that runs code. */
    public static final String PICKLE =
            "is a Python pickle, as PyTorch's .bin and .pt files are, which can run code when it is read. " + CONVERT;

    /** As many first bytes as {@link #explain} looks at. */
    public static final int BYTES = 512;

    /** Fewer zeros may be a number. */
    private static final int LEAST_ZEROS = 64;

    private static final String AGAIN = " Download the file again.";

    /** Signatures of binary formats. */
    private static final List<Format> FORMATS = List.of(
            new Format("1f8b", "is compressed with gzip. Decompress it: gunzip < FILE > OTHER."),
            new Format("425a68", "is compressed with bzip2. Decompress it: bunzip2 < FILE > OTHER."),
            new Format("fd377a585a00", "is compressed with xz. Decompress it: unxz < FILE > OTHER."),
            new Format("28b52ffd", "is compressed with Zstandard. Decompress it: unzstd < FILE > OTHER."),
            new Format("894844460d0a1a0a", "is an HDF5 file, as Keras saves weights. " + CONVERT),
            new Format("47475546", "is a GGUF file, as llama.cpp uses it. Use the model's safetensors files."),
            new Format("50415231", "is a Parquet file. Where it holds the text, give --format parquet."),
            new Format("4152524f5731", "is an Arrow file. Write it as Parquet, or as text."),
            new Format("4f626a01", "is an Avro file. Write it as Parquet, or as text."),
            new Format("53514c69746520666f726d6174203300", "is an SQLite database. Export a table of it as text."),
            new Format("934e554d5059", "is a NumPy array. Use the model's safetensors files."));

    private FileSignature() {}

    private record Format(String hex, String problem) {
        boolean begins(byte[] head) {
            byte[] signature = HexFormat.of().parseHex(hex);
            return head.length >= signature.length
                    && Arrays.equals(head, 0, signature.length, signature, 0, signature.length);
        }
    }

    /**
     * The error for a file that could not be read: what it is instead, with the fix, where its first bytes tell; else
     * {@code otherwise}.
     *
     * @param where the file, for the message
     * @param head its first bytes, {@link #BYTES} or more of them, or all
     */
    public static BadInputException explain(String where, byte[] head, BadInputException otherwise) {
        return problem(head)
                .map(problem -> new BadInputException(where + ": " + problem, otherwise))
                .orElse(otherwise);
    }

    /** As {@link #explain(String, byte[], BadInputException)}, of a file on the local disk. */
    public static BadInputException explain(Path file, BadInputException otherwise) {
        try (InputStream in = Files.newInputStream(file)) {
            return explain(file.toString(), in.readNBytes(BYTES), otherwise);
        } catch (IOException e) {
            return otherwise;
        }
    }

    private static Optional<String> problem(byte[] head) {
        if (head.length == 0) {
            return Optional.of("is empty. Download or copy the file again.");
        }
        Optional<String> binary = FORMATS.stream()
                .filter(format -> format.begins(head))
                .map(Format::problem)
                .findFirst();
        return binary.or(() -> python(head)).or(() -> text(head));
    }

    private static Optional<String> python(byte[] head) {
        String start = new String(head, 0, Math.min(head.length, BYTES), StandardCharsets.ISO_8859_1);
        boolean zip = start.startsWith("PK\u0003\u0004");
        if ((zip && start.contains("/data.pkl")) || start.matches("(?s)\u0080[\u0002-\u0005].*")) {
            return Optional.of(PICKLE);
        }
        if (zip) {
            return Optional.of("is a zip archive. Unpack it, and use the files that are in it.");
        }
        if (start.length() == BYTES && start.startsWith("ustar", 257)) {
            return Optional.of("is a tar archive. Unpack it, and use the files that are in it.");
        }
        if (start.length() >= LEAST_ZEROS && start.chars().allMatch(c -> c == 0)) {
            return Optional.of("begins with zeros only: a download or copy was cut off." + AGAIN);
        }
        return Optional.empty();
    }

    private static Optional<String> text(byte[] head) {
        String start = new String(head, 0, Math.min(head.length, BYTES), StandardCharsets.UTF_8)
                .replace("\ufeff", "")
                .strip()
                .toLowerCase(Locale.ROOT);
        if (start.startsWith("version https://git-lfs.github.com/")) {
            return Optional.of("is a Git LFS pointer, a small text that stands for the file. Run git lfs pull in the"
                    + " repository that it comes from, or download the file again.");
        }
        if (start.startsWith("<!doctype html") || start.startsWith("<html")) {
            return Optional.of("is an HTML page, such as the error or login page of a web site." + AGAIN);
        }
        if (start.startsWith("<?xml")) {
            return Optional.of("is an XML document, such as the error message of an object store." + AGAIN);
        }
        return Optional.empty();
    }
}
