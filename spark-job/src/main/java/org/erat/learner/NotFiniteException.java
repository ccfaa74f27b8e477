package org.erat.learner;

/** A training step gave a value that is not finite. */
public final class NotFiniteException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final double loss;
    private final boolean updated;

    private NotFiniteException(String message, double loss, boolean updated) {
        super(message);
        this.loss = loss;
        this.updated = updated;
    }

    /** Loss or gradient are not finite, and no parameter has changed. */
    public static NotFiniteException before(double loss, double norm) {
        return new NotFiniteException("loss " + loss + ", norm of the gradient " + norm, loss, false);
    }

    /** The step has made a parameter infinite or not a number. */
    public static NotFiniteException after(double loss) {
        return new NotFiniteException("a parameter that is not finite", loss, true);
    }

    /** Mean loss of the step. */
    public double loss() {
        return loss;
    }

    /** Whether parameters have changed. */
    public boolean updated() {
        return updated;
    }
}
