package org.erat.data.text;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 digests in lower-case hexadecimal. */
final class Sha256 {
    private Sha256() {}

    /** A digest of nothing yet. */
    static MessageDigest start() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256", e);
        }
    }

    /** The digest of {@code bytes}. */
    static String of(byte[] bytes) {
        return HexFormat.of().formatHex(start().digest(bytes));
    }

    /** Ends {@code digest}. */
    static String hex(MessageDigest digest) {
        return HexFormat.of().formatHex(digest.digest());
    }
}
