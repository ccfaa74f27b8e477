package org.erat.data;

import java.util.regex.Pattern;

/** Addresses of files, such as {@code hdfs://cluster/data}, and of web servers. */
public final class Address {
    /** {@code user:password} of {@code scheme://user:password@host}; a user alone is no secret. */
    public static final Pattern CREDENTIALS = Pattern.compile("(?<=://)[^/@\\s:]*:[^/@\\s]+(?=@)");

    private static final Pattern SERVER = Pattern.compile("https?://[\\w.\\[\\]:-]+(/[\\w./~-]*)?");

    private Address() {}

    /** Whether the text is the address of a web server, {@code http://HOST:PORT/PATH}, without user and query. */
    public static boolean isWebServer(String text) {
        return SERVER.matcher(text).matches();
    }

    /** Whether there is a password in an address that the text holds. */
    public static boolean hasPassword(String text) {
        return CREDENTIALS.matcher(text).find();
    }
}
