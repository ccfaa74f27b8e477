package org.erat.data;

/** Data, a model or a checkpoint that cannot be used: exit code 3. */
public class BadInputException extends EratException {
    public BadInputException(String message) {
        this(message, null);
    }

    public BadInputException(String message, Throwable cause) {
        super(3, message, cause);
    }
}
