package org.erat.evaluation;

import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.erat.data.BadInputException;
import org.erat.data.tokenized.Manifest;
import org.erat.data.tokenized.TokenizedDataset;
import org.erat.export.TrainedAdapter;
import org.erat.model.BaseModel;

/** Refuses data that an adapter was not made for. */
final class DataCheck {
    private DataCheck() {}

    /**
     * Checks that a data set was tokenized for the adapter's base model and has its labels.
     *
     * @throws BadInputException naming both and what differs
     */
    static void requireMatch(TrainedAdapter adapter, TokenizedDataset data, Configuration hadoop) {
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
        BaseModel model = BaseModel.describe(adapter.spec().modelUri(), hadoop);
        if (!model.weightsSha256().equals(adapter.spec().modelSha256())) {
            throw new BadInputException(model.uri() + ": SHA-256 of its weights is " + model.weightsSha256()
                    + ", but the adapter was trained on " + adapter.spec().modelSha256()
                    + ". Prepare the same base model there again.");
        }
        if (!manifest.tokenizerSha256().equals(model.tokenizerSha256())) {
            throw new BadInputException(place + ": was made with another tokenizer than " + model.uri()
                    + " has. Prepare the data again with --model " + model.uri() + ".");
        }
    }
}
