package org.erat.checkpoint;

import org.erat.data.EratException;

/** The run stopped for a reason outside it and goes on from its last checkpoint when submitted again: exit code 5. */
public final class ResumableException extends EratException {
    public ResumableException(String message, Throwable cause) {
        super(5, message, cause);
    }
}
