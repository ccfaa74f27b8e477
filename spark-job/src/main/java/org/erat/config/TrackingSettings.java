package org.erat.config;

import java.io.Serializable;
import java.util.Optional;

/**
 * Where a run can be followed beside its own directory.
 *
 * @param tensorboard folder for TensorBoard's event files, or none
 * @param mlflow address of an MLflow server, or none
 * @param experiment name of the experiment on that server
 */
public record TrackingSettings(String tensorboard, String mlflow, String experiment) implements Serializable {
    /** Keys that begin so are those of these settings, which another submission of a run may change. */
    public static final String SECTION = "tracking.";

    /** In place of a folder or an address. */
    static final String NONE = "none";

    /** The folder for TensorBoard, where there is to be one. */
    public Optional<String> folder() {
        return given(tensorboard);
    }

    /** The MLflow server, where there is to be one. */
    public Optional<String> server() {
        return given(mlflow);
    }

    private static Optional<String> given(String text) {
        return text.equals(NONE) ? Optional.empty() : Optional.of(text);
    }
}
