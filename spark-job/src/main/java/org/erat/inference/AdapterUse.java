package org.erat.inference;

import java.io.Serializable;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.erat.config.ComputeSettings;
import org.erat.data.BadInputException;
import org.erat.data.tokenized.Manifest;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.export.TrainedAdapter;
import org.erat.model.BaseModel;

/**
 * A trained adapter and what is chosen each time that it is used.
 *
 * @param modelUri directory of its base model now, a Hadoop path
 * @param compute what tasks compute with
 * @param batchSize examples of one mini-batch
 * @param threshold probability from which on a label of several is predicted
 */
public record AdapterUse(
        TrainedAdapter adapter, String modelUri, ComputeSettings compute, int batchSize, double threshold)
        implements Serializable {
    /** What is likelier than not is predicted. */
    public static final double LIKELIER_THAN_NOT = 0.5;

    /** A use at the usual threshold. */
    public AdapterUse(TrainedAdapter adapter, String modelUri, ComputeSettings compute, int batchSize) {
        this(adapter, modelUri, compute, batchSize, LIKELIER_THAN_NOT);
    }

    /** The same at another threshold. */
    public AdapterUse withThreshold(double other) {
        return new AdapterUse(adapter, modelUri, compute, batchSize, other);
    }

    public AdapterUse {
        if (batchSize < 1) {
            throw new IllegalArgumentException("Batches of " + batchSize + " examples");
        }
    }

    /**
     * Checks that the base model is the adapter's, and that a data set was tokenized for it and has its labels.
     *
     * @throws BadInputException naming both and what differs
     */
    public void requireMatch(TokenizedDataset data, Configuration hadoop) {
        Manifest manifest = data.manifest();
        Path place = new Path(data.directory(), Manifest.FILE);
        if (manifest.type() != adapter.type()) {
            throw new BadInputException(place + ": labels are of type " + manifest.type() + ", but the adapter is for "
                    + adapter.type() + ". Name the data of the adapter's task, " + adapter.task() + ".");
        }
        if (!manifest.labelNames().equals(adapter.labelNames())) {
            throw new BadInputException(
                    place + ": label names are " + manifest.labelNames() + ", but the adapter's are "
                            + adapter.labelNames() + ". Name the data of the adapter's task, " + adapter.task() + ".");
        }
        BaseModel model = BaseModel.describe(modelUri, hadoop);
        adapter.on(model);
        if (!manifest.tokenizerSha256().equals(model.tokenizerSha256())) {
            throw new BadInputException(place + ": was made with another tokenizer than " + model.uri()
                    + " has. Prepare the data again with --model " + model.uri() + ".");
        }
    }
}
