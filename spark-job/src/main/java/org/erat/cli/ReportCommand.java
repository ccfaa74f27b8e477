package org.erat.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.erat.data.storage.AtomicOutput;
import org.erat.data.storage.Storage;
import org.erat.report.ReportPage;
import org.erat.report.RunRecords;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "report",
        description = {
            "Writes a page about one run, or about several laid over one another: quality by rank, training, traffic,"
                    + " errors, settings. It is one HTML file that any browser shows without a network.",
            "A run that is not finished is shown as far as it is. train writes the page of its run to report.html in the"
                    + " run directory, at each checkpoint and at its end."
        },
        footer = {
            "",
            "Examples:",
            "  submit/erat report runs/lora runs/erat --out comparison.html",
            "  submit/erat report runs/quickstart --out quickstart.html"
        })
final class ReportCommand extends JobCommand<ReportCommand.Request> {
    /**
     * What to show.
     *
     * @param runs run directories, at least one
     * @param out file to write
     */
    record Request(List<String> runs, String out) {}

    @Parameters(arity = "1..*", paramLabel = "RUN", description = "Run directories of train commands.")
    private List<String> runs;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "FILE",
            description = "File to write; one that is there is replaced.")
    private String out;

    @Override
    Request request() {
        return new Request(runs, out);
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
        Configuration hadoop = SparkHadoopUtil.get().conf();
        AtomicOutput output = AtomicOutput.at(Storage.path(request.out()), hadoop);
        output.requireFile();
        List<RunRecords> records = request.runs().stream()
                .map(directory -> RunRecords.read(directory, hadoop))
                .toList();
        byte[] page = ReportPage.of(records).getBytes(UTF_8);
        output.file(file -> file.write(page));
        progress.say("report: " + request.out());
    }
}
