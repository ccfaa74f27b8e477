package org.erat.textmetric;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Tokens of the Penn Treebank, lower-cased and without punctuation, for METEOR, ROUGE-L and CIDEr. The evaluation of COCO
 * captions, which that of E2E uses, takes them from Stanford's {@code PTBTokenizer} 3.4.1 with {@code -preserveLines
 * -lowerCase} and then leaves out punctuation. These rules give the same tokens for every line of E2E's test references. They
 * do not know Stanford's lists of abbreviations, addresses and emoticons, so other texts may differ in a few tokens.
 *
 * <ul>
 *   <li>Words keep their inner hyphens; {@code 's 're n't} and the like are tokens of their own, and {@code cannot} is two.
 *   <li>A number keeps its sign, points and commas; single letters with full stops are one token, {@code p.m.}
 *   <li>A full stop belongs to the word where a comma, colon or semicolon follows at once, as after an abbreviation.
 *   <li>{@code £} is {@code #}, {@code €} is {@code $}, and parentheses are {@code -lrb- -rrb-}, which are not left out.
 *   <li>Every other character is a token.
 * </ul>
 */
public final class PtbTokenizer {
    private static final String CHARACTER = "[\\p{L}\\p{M}\\p{N}]";
    private static final String WORD = "(?:[dlo]')?" + CHARACTER + "+(?:-" + CHARACTER + "+)*";

    private static final String CLITIC = "(?:n't|'(?:s|m|d|re|ve|ll))(?!" + CHARACTER + ")";

    /** Letters that are followed by n't do not hold its n. */
    private static final String WORD_BEFORE_NOT = CHARACTER + "+?(?=n't(?!" + CHARACTER + "))";

    private static final Pattern TOKEN = Pattern.compile(String.join(
            "|",
            "\\.{3}",
            "--+",
            "``|''",
            CLITIC,
            WORD_BEFORE_NOT,
            "(?<!" + CHARACTER + ")[-+]?\\p{N}+(?:[.,]\\p{N}+)+(?!" + CHARACTER + ")",
            "(?<!" + CHARACTER + ")[-+]\\p{N}+(?!" + CHARACTER + "|-" + CHARACTER + ")",
            "\\p{L}(?:\\.\\p{L})+\\.?(?!" + CHARACTER + ")",
            WORD + "\\.(?=[,;:])",
            WORD,
            "\\S"));

    private static final Map<String, List<String>> REPLACED = Map.of(
            "cannot", List.of("can", "not"),
            "£", List.of("#"),
            "€", List.of("$"),
            "(", List.of("-lrb-"),
            ")", List.of("-rrb-"),
            "{", List.of("-lcb-"),
            "}", List.of("-rcb-"));

    private static final Set<String> PUNCTUATION =
            Set.of("''", "'", "``", "`", ".", "?", "!", ",", ":", "-", "--", "...", ";");

    private PtbTokenizer() {}

    /** The tokens of a text. */
    public static List<String> tokens(String text) {
        List<String> tokens = new ArrayList<>();
        Matcher token = TOKEN.matcher(text.replace('\u2019', '\'').toLowerCase(Locale.ROOT));
        while (token.find()) {
            for (String each : REPLACED.getOrDefault(token.group(), List.of(token.group()))) {
                if (!PUNCTUATION.contains(each)) {
                    tokens.add(each);
                }
            }
        }
        return tokens;
    }
}
