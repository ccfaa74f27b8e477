package org.erat.job;

import org.apache.hadoop.conf.Configuration;
import org.erat.checkpoint.RunDirectory;
import org.erat.report.ReportPage;
import org.erat.report.RunRecords;
import org.erat.report.RunStatus;

/** Writes the page of a run into its directory. */
final class RunReport {
    private RunReport() {}

    /** Writes or replaces it. A page that cannot be made is said so, and is no reason to end a run. */
    static void write(RunDirectory run, RunStatus status, Configuration hadoop, RunListener listener) {
        try {
            run.write(ReportPage.FILE, ReportPage.of(RunRecords.of(run, status, hadoop)));
        } catch (RuntimeException e) {
            listener.say(run.path(ReportPage.FILE) + " cannot be written (" + e + "). The run continues without it.");
        }
    }
}
