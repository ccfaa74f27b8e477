package org.erat.textmetric;

import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.apache.commons.lang3.StringUtils;

/**
 * The tokenization of NIST's {@code mteval-v13a.pl} for BLEU and NIST, lower-cased: punctuation is split off,
 * but for apostrophes and hyphens between letters, and for points and commas between digits.
 */
public final class Mteval13aTokenizer {
    private static final Pattern SYMBOL = Pattern.compile("([{-~\\[-` -&(-+:-@/])");
    private static final Pattern POINT_AFTER_NO_DIGIT = Pattern.compile("([^0-9])([.,])");
    private static final Pattern POINT_BEFORE_NO_DIGIT = Pattern.compile("([.,])([^0-9])");
    private static final Pattern HYPHEN_AFTER_DIGIT = Pattern.compile("([0-9])(-)");
    private static final Pattern BLANKS = Pattern.compile("\\s+");

    private Mteval13aTokenizer() {}

    /** The tokens of a text. */
    public static List<String> tokens(String text) {
        String plain = text.replace("&quot;", "\"")
                .replace("&amp;", "&")
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .toLowerCase(Locale.ROOT);
        String split = SYMBOL.matcher(" " + plain + " ").replaceAll(" $1 ");
        split = POINT_AFTER_NO_DIGIT.matcher(split).replaceAll("$1 $2 ");
        split = POINT_BEFORE_NO_DIGIT.matcher(split).replaceAll(" $1 $2");
        split = HYPHEN_AFTER_DIGIT.matcher(split).replaceAll("$1 $2 ");
        return BLANKS.splitAsStream(split).filter(StringUtils::isNotEmpty).toList();
    }
}
