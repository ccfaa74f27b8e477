package org.erat.cli;

import java.io.PrintWriter;
import java.util.List;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.erat.report.RunList;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "list",
        description = {
            "Lists the runs in and below a folder on standard output: status, rounds, task, method, and the metric at the"
                    + " recommended rank.",
            "A run is finished, running, failed or interrupted. The last two go on when their train command is submitted"
                    + " again."
        },
        footer = {"", "Example:", "  submit/erat list runs"})
final class ListCommand extends JobCommand<ListCommand.Request> {
    /**
     * What to list.
     *
     * @param folder on any Hadoop file system
     */
    record Request(String folder) {}

    @Spec
    private CommandSpec command;

    @Parameters(paramLabel = "DIR", description = "Folder with run directories in or below it.")
    private String folder;

    @Override
    Request request() {
        return new Request(folder);
    }

    @Override
    boolean loadsNativeCode() {
        return false;
    }

    @Override
    boolean startsSpark() {
        return false;
    }

    @Override
    void run(Request request, Progress progress) {
        List<String> lines =
                RunList.lines(request.folder(), SparkHadoopUtil.get().conf());
        if (lines.isEmpty()) {
            progress.say("no run in or below " + request.folder());
        }
        PrintWriter out = command.commandLine().getOut();
        lines.forEach(out::println);
        out.flush();
    }
}
