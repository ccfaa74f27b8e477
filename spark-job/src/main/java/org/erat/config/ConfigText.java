package org.erat.config;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.erat.data.UsageException;

/**
 * What is asked of the text of a configuration before the HOCON parser sees it. The parser calls itself for each level of
 * nesting and each include, and puts other characters in place of what is not UTF-8.
 */
final class ConfigText {
    /** Settings are two levels deep. */
    static final int MAX_DEPTH = 50;

    /** Configurations have a few kilobytes. */
    static final long MAX_BYTES = 1 << 20;

    /** As {@code submit/erat} finds them, to send them to a driver elsewhere. */
    private static final Pattern INCLUDE = Pattern.compile("(?m)^\\s*include\\b[^\"\\n]*\"([^\"\\n]*)\"");

    /** What ends a word. */
    private static final String SEPARATORS = "=:{}[],+\"";

    /** What may be left out at the end of an included name. */
    private static final List<String> ENDINGS = List.of("", ".conf", ".json", ".properties");

    private final Set<Path> checked = new HashSet<>();

    private ConfigText() {}

    /**
     * Checks a file and all that it includes from the folder that it lies in.
     *
     * @throws UsageException if one is not UTF-8, too large, nested too deeply, or includes itself
     */
    static void check(Path file) {
        new ConfigText().check(file, List.of());
    }

    /**
     * Checks text that does not come from a file.
     *
     * @throws UsageException if it is too large or nested too deeply
     */
    static void check(String text, String origin) {
        if (text.length() > MAX_BYTES) {
            throw tooLarge(origin, text.length());
        }
        checkDepth(text, origin);
    }

    private void check(Path file, List<Path> includedBy) {
        Path real = real(file);
        if (includedBy.stream().map(ConfigText::real).anyMatch(real::equals)) {
            String chain = Stream.concat(includedBy.stream(), Stream.of(file))
                    .map(Path::toString)
                    .collect(Collectors.joining(" > "));
            throw new UsageException(
                    "Configuration file " + file + " includes itself: " + chain + ". Remove one of these includes.");
        }
        if (!checked.add(real)) {
            return;
        }
        String text = text(file);
        checkDepth(text, "Configuration file " + file);
        List<Path> chain = new ArrayList<>(includedBy);
        chain.add(file);
        Matcher include = INCLUDE.matcher(text);
        while (include.find()) {
            for (String ending : ENDINGS) {
                Path included = file.resolveSibling(include.group(1) + ending);
                if (Files.isRegularFile(included)) {
                    check(included, chain);
                }
            }
        }
    }

    private static Path real(Path file) {
        try {
            return file.toRealPath();
        } catch (IOException e) {
            return file.toAbsolutePath().normalize();
        }
    }

    private static String text(Path file) {
        try {
            long size = Files.size(file);
            if (size > MAX_BYTES) {
                throw tooLarge("Configuration file " + file, size);
            }
            return Files.readString(file);
        } catch (CharacterCodingException e) {
            throw new UsageException("Configuration file " + file + " is not UTF-8 text: save it as UTF-8", e);
        } catch (IOException e) {
            throw new UsageException(
                    "Configuration file " + file + " cannot be read (" + e.getMessage() + "): check its permissions",
                    e);
        }
    }

    private static UsageException tooLarge(String origin, long size) {
        return new UsageException(origin + " has " + size + " bytes, and a configuration at most " + MAX_BYTES
                + ". Name the right file.");
    }

    /** Counts brackets outside of quotes and comments, and dots in a word: each is a level of a key. */
    private static void checkDepth(String text, String origin) {
        int depth = 0;
        int dots = 0;
        int line = 1;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            dots = c == '.' ? dots + 1 : Character.isWhitespace(c) || SEPARATORS.indexOf(c) >= 0 ? 0 : dots;
            if (c == '\n') {
                line++;
            } else if (c == '{' || c == '[') {
                depth++;
            } else if (c == '}' || c == ']') {
                depth--;
            } else if (c == '"') {
                int end = endOfQuote(text, i);
                line += (int) text.substring(i, end)
                        .chars()
                        .filter(inside -> inside == '\n')
                        .count();
                i = end;
            } else if (c == '#' || text.startsWith("//", i)) {
                int end = text.indexOf('\n', i);
                i = (end < 0 ? text.length() : end) - 1;
            }
            if (depth > MAX_DEPTH || dots > MAX_DEPTH) {
                throw nestedTooDeeply(origin + ", line " + line);
            }
        }
    }

    /** The place of the quote that ends the quoted text at {@code start}; the end of the text where there is none. */
    private static int endOfQuote(String text, int start) {
        String triple = "\"\"\"";
        if (text.startsWith(triple, start)) {
            int end = text.indexOf(triple, start + triple.length());
            return end < 0 ? text.length() : end + triple.length() - 1;
        }
        for (int i = start + 1; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\n') {
                // A quote that is not closed on its line is an error, which the parser explains.
                return c == '"' ? i : i - 1;
            }
            if (c == '\\') {
                i++;
            }
        }
        return text.length();
    }

    static UsageException nestedTooDeeply(String origin) {
        return new UsageException(origin + " is nested more than " + MAX_DEPTH
                + " levels deep. Settings have two levels: check the brackets and the dots in its keys.");
    }
}
