package org.erat.data.text;

import java.text.Normalizer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.erat.data.basemodel.TokenizerJson;

/**
 * Restores the text of tokens whose tokenizer takes punctuation apart, as BERT's does: its words and marks come back with
 * blanks between them. The blanks go where English has none:
 *
 * <ul>
 *   <li>before {@code . , ; : ? !}
 *   <li>in {@code it ' s}, {@code isn ' t} and the like: {@code 's 're 've 'll 'd 'm 't}
 *   <li>in {@code family - friendly}: around a hyphen between letters or digits
 *   <li>in {@code £ 20}, and in {@code 5 . 5}
 * </ul>
 *
 * <p>Blanks that English has there are lost as well: {@code in 2010 . 5 rooms} and {@code 4 . 5} look alike. Case is as the
 * tokenizer leaves it, and so are accents, unless the prompt has the same word with them.
 *
 * @param accentsLost whether the tokenizer strips accents
 */
record Detokenizer(boolean accentsLost) {
    private static final Pattern BEFORE_MARK = Pattern.compile(" (?=[.,;:?!])");
    private static final Pattern CLITIC = Pattern.compile("(?U)(?<=\\w) ' (?=(?:s|re|ve|ll|d|m|t)\\b)");
    private static final Pattern HYPHEN = Pattern.compile("(?U)(?<=\\w) - (?=\\w)");
    private static final Pattern CURRENCY = Pattern.compile("(?<=[£$€]) (?=\\d)");
    private static final Pattern DECIMAL_POINT = Pattern.compile("(?<=\\d)\\. (?=\\d)");
    private static final Pattern WORD = Pattern.compile("[\\p{L}\\p{M}]+");
    private static final Pattern ACCENT = Pattern.compile("\\p{Mn}+");

    /** What a tokenizer needs; empty where tokens have their blanks themselves. */
    static Optional<Detokenizer> of(TokenizerJson tokenizer) {
        return tokenizer.splitsPunctuation()
                ? Optional.of(new Detokenizer(tokenizer.stripsAccents()))
                : Optional.empty();
    }

    /**
     * A text as people write it.
     *
     * @param decoded as the tokenizer puts its tokens together
     * @param prompt whose accents it takes on, word by word
     */
    String restored(String decoded, String prompt) {
        String text = BEFORE_MARK.matcher(decoded).replaceAll("");
        text = CLITIC.matcher(text).replaceAll("'");
        text = HYPHEN.matcher(text).replaceAll("-");
        text = CURRENCY.matcher(text).replaceAll("");
        text = DECIMAL_POINT.matcher(text).replaceAll(".");
        return accentsLost ? withAccents(text, prompt) : text;
    }

    private static String withAccents(String text, String prompt) {
        Map<String, String> accented = accented(prompt);
        return accented.isEmpty()
                ? text
                : WORD.matcher(text).replaceAll(word -> Matcher.quoteReplacement(withAccents(word.group(), accented)));
    }

    private static String withAccents(String word, Map<String, String> accented) {
        String lower = accented.get(word.toLowerCase(Locale.ROOT));
        if (lower == null) {
            return word;
        }
        return Character.isUpperCase(word.charAt(0))
                ? lower.substring(0, 1).toUpperCase(Locale.ROOT) + lower.substring(1)
                : lower;
    }

    /** The words with accents of a text in lower case, by what is left of them; without those that are there in two forms. */
    private static Map<String, String> accented(String text) {
        Map<String, String> accented = new HashMap<>();
        Set<String> ambiguous = new HashSet<>();
        Matcher words =
                WORD.matcher(Normalizer.normalize(text, Normalizer.Form.NFC).toLowerCase(Locale.ROOT));
        while (words.find()) {
            String word = words.group();
            String plain = ACCENT.matcher(Normalizer.normalize(word, Normalizer.Form.NFD))
                    .replaceAll("");
            String other = accented.put(plain, word);
            if (other != null && !other.equals(word)) {
                ambiguous.add(plain);
            }
        }
        accented.keySet().removeAll(ambiguous);
        accented.entrySet().removeIf(entry -> entry.getKey().equals(entry.getValue()));
        return accented;
    }
}
