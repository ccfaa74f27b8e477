package org.erat.data;

/**
 * A failure that the user can act on. The message names the value, the place and the fix; {@link #exitCode()} is the
 * exit code of the process that could not go on.
 */
public abstract class EratException extends RuntimeException {
    private final int exitCode;

    protected EratException(int exitCode, String message, Throwable cause) {
        super(message, cause);
        this.exitCode = exitCode;
    }

    /** Exit code of the process: 2 usage or configuration, 3 data or model input, 4 diverged, 5 resumable. */
    public int exitCode() {
        return exitCode;
    }
}
