package org.erat.cli;

import picocli.CommandLine.Option;

/** Options of the commands that use a finished run on a data set. */
final class RunAndData {
    @Option(names = "--run-dir", required = true, paramLabel = "DIR", description = "Run directory of a train command.")
    private String runDir;

    @Option(
            names = "--data",
            required = true,
            paramLabel = "DIR",
            description = "Data-set directory of a prepare-data command; its validation set is used.")
    private String data;

    String runDir() {
        return runDir;
    }

    String data() {
        return data;
    }
}
