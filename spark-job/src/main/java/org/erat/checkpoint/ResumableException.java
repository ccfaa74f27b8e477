package org.erat.checkpoint;

import org.erat.data.EratException;

/**
 * The run stopped for a reason outside it, and the same command continues from its last checkpoint. The exit code is 5.
 */
public final class ResumableException extends EratException {
    public ResumableException(String message, Throwable cause) {
        super(5, message, cause);
    }
}
