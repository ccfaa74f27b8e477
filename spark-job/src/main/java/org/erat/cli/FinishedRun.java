package org.erat.cli;

import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.erat.checkpoint.RunDirectory;
import org.erat.data.UsageException;
import org.erat.export.AdapterFiles;
import org.erat.export.TrainedAdapter;

/** A run that has an adapter. */
record FinishedRun(RunDirectory directory, TrainedAdapter adapter) {
    private static final String ADAPTER = "adapter";

    /** Where the adapter lies. */
    Path adapterPath() {
        return directory.path(ADAPTER);
    }

    /**
     * Reads it.
     *
     * @throws UsageException if the run has not finished
     */
    static FinishedRun read(String directory, Configuration hadoop, Progress progress) {
        RunDirectory run = RunDirectory.read(directory, hadoop, progress::say);
        if (run.state() != RunDirectory.State.FINISHED) {
            throw new UsageException(run.path() + " holds a run that has not finished, so it has no adapter yet."
                    + " Submit its train command again, which goes on where it stopped.");
        }
        return new FinishedRun(run, AdapterFiles.read(run.path(ADAPTER), hadoop));
    }
}
