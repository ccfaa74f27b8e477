package org.erat.cli;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.erat.data.UsageException;

/** A number of values as people write it: 150000, 150k, 1.5m. */
final class Budget {
    private static final Pattern FORM = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,9})?)([kKmM]?)");
    private static final Map<String, Integer> ZEROS = Map.of("", 0, "k", 3, "m", 6);

    private Budget() {}

    /** @throws UsageException if it is no such number, or none above 0 */
    static long parse(String text) {
        Matcher form = FORM.matcher(text);
        if (form.matches()) {
            long value = new BigDecimal(form.group(1))
                    .scaleByPowerOfTen(ZEROS.get(form.group(2).toLowerCase(Locale.ROOT)))
                    .longValue();
            if (value > 0) {
                return value;
            }
        }
        throw new UsageException("--budget " + text + " is not a number of values. Examples: 150000, 150k, 1.5m.");
    }
}
