package org.erat.data;

/** A command line or configuration that cannot be used: exit code 2. */
public final class UsageException extends EratException {
    public UsageException(String message) {
        this(message, null);
    }

    public UsageException(String message, Throwable cause) {
        super(2, message, cause);
    }
}
