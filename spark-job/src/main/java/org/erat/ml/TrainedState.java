package org.erat.ml;

import java.io.Serializable;
import java.util.Optional;
import javax.annotation.Nullable;
import org.erat.evaluation.Evaluation;
import org.erat.export.TrainedAdapter;

/**
 * What a model holds beside its Params.
 *
 * @param measured metrics by rank, as the text of an evaluation.json; null where none were measured
 * @param summary of the training; null of a model that was loaded
 */
record TrainedState(TrainedAdapter adapter, @Nullable String measured, @Nullable AdapterSummary summary)
        implements Serializable {
    /** Metrics by rank, if they were measured. */
    Optional<Evaluation> evaluation() {
        return Optional.ofNullable(measured).map(json -> Evaluation.parse(json, Evaluation.FILE));
    }
}
