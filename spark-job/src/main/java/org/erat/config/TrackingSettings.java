package org.erat.config;

import java.io.Serializable;
import java.util.Optional;

/**
 * Where a run can be followed beside its own directory.
 *
 * @param tensorBoard folder for TensorBoard's event files
 * @param mlflow address of an MLflow server
 * @param experiment name of the experiment on that server
 */
public record TrackingSettings(Optional<String> tensorBoard, Optional<String> mlflow, String experiment)
        implements Serializable {
    /** In place of a folder or an address. */
    static final String NONE = "none";

    static TrackingSettings of(String tensorBoard, String mlflow, String experiment) {
        return new TrackingSettings(given(tensorBoard), given(mlflow), experiment);
    }

    private static Optional<String> given(String text) {
        return text.equals(NONE) ? Optional.empty() : Optional.of(text);
    }
}
