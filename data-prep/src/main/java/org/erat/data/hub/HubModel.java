package org.erat.data.hub;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.erat.data.UsageException;

/**
 * A model on the hub.
 *
 * @param name {@code ORG/NAME}, or of old models {@code NAME}
 * @param revision branch, tag or commit
 */
public record HubModel(String name, String revision) {
    private static final String PREFIX = "hf:";
    private static final String MAIN = "main";
    private static final String PART = "[A-Za-z0-9][A-Za-z0-9._-]*";
    private static final Pattern ADDRESS =
            Pattern.compile("hf:(" + PART + "(?:/" + PART + ")?)(?:@([A-Za-z0-9][A-Za-z0-9._/-]*))?");

    /** Whether an address is meant to be one of the hub. */
    public static boolean isModel(String address) {
        return address.startsWith(PREFIX);
    }

    /**
     * The model of {@code hf:ORG/NAME} or {@code hf:ORG/NAME@REVISION}.
     *
     * @throws UsageException if it is none
     */
    public static HubModel parse(String address) {
        Matcher matcher = ADDRESS.matcher(address);
        if (!matcher.matches() || address.contains("..") || address.contains("--")) {
            throw new UsageException("'" + address + "' is no model of the hub. Write hf:ORG/NAME or"
                    + " hf:ORG/NAME@REVISION, such as hf:BAAI/bge-small-en-v1.5.");
        }
        return new HubModel(matcher.group(1), matcher.group(2) == null ? MAIN : matcher.group(2));
    }

    /** Name of its folder in a cache. */
    String folder() {
        return "models--" + name.replace("/", "--");
    }
}
