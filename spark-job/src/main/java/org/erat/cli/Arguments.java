package org.erat.cli;

import java.net.URLDecoder;
import java.nio.charset.Charset;
import java.nio.charset.IllegalCharsetNameException;
import java.nio.charset.StandardCharsets;
import java.nio.charset.UnsupportedCharsetException;
import java.util.stream.Stream;
import org.erat.data.UsageException;

/**
 * The words of the command line as the user wrote them. Java decodes them, and encodes names of files, by the locale that
 * it was started in; in the locale "C" only ASCII survives.
 */
final class Arguments {
    /** How {@code submit/erat} marks what is not ASCII on its way to a driver elsewhere. */
    private static final String ENCODED = "percent-encoded:";

    /** Java's name for what it puts in place of bytes that it cannot decode. */
    private static final char REPLACEMENT = '\ufffd';

    private Arguments() {}

    /** The words that {@code submit/erat} was given, in a driver that it has started elsewhere. */
    static String[] decoded(String... args) {
        return Stream.of(args)
                .map(word -> word.startsWith(ENCODED)
                        ? URLDecoder.decode(word.substring(ENCODED.length()), StandardCharsets.UTF_8)
                        : word)
                .toArray(String[]::new);
    }

    /**
     * Checks that the words have all their letters and can be names of files.
     *
     * @throws UsageException naming the word and the locale to set if not
     */
    static void requireIntact(String... args) {
        requireEncodable(System.getProperty("sun.jnu.encoding", "UTF-8"), args);
    }

    /** @param encoding of the locale */
    static void requireEncodable(String encoding, String... args) {
        Charset charset = charset(encoding);
        for (String word : args) {
            // A second Java, such as the one of spark-submit, is given question marks: two or more for a letter in
            // UTF-8.
            boolean lost = word.indexOf(REPLACEMENT) >= 0
                    || (charset.equals(StandardCharsets.US_ASCII) && word.contains("??"));
            if (lost || !charset.newEncoder().canEncode(word)) {
                throw new UsageException("'" + word + "' is not in " + encoding
                        + ", the encoding of the locale that Java was started in, and loses letters. Set LC_ALL=C.UTF-8,"
                        + " or another UTF-8 locale that locale -a lists"
                        + (ClusterDriver.here()
                                ? ", for the driver (spark.yarn.appMasterEnv.LC_ALL, spark.kubernetes.driverEnv.LC_ALL)."
                                : ", and submit again."));
            }
        }
    }

    private static Charset charset(String name) {
        try {
            return Charset.forName(name);
        } catch (IllegalCharsetNameException | UnsupportedCharsetException e) {
            return StandardCharsets.UTF_8;
        }
    }
}
