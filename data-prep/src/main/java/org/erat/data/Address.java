package org.erat.data;

import java.util.regex.Pattern;

/** Addresses of files, such as {@code hdfs://cluster/data}. */
public final class Address {
    /** {@code user:password} of {@code scheme://user:password@host}; a user alone is no secret. */
    public static final Pattern CREDENTIALS = Pattern.compile("(?<=://)[^/@\\s:]*:[^/@\\s]+(?=@)");

    private Address() {}

    /** Whether there is a password in an address that the text holds. */
    public static boolean hasPassword(String text) {
        return CREDENTIALS.matcher(text).find();
    }
}
