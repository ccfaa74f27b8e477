package org.erat.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.erat.checkpoint.RunDirectory;
import org.erat.evaluation.Evaluation;

/** The runs below a folder as a table of text. */
public final class RunList {
    private static final List<String> TITLES =
            List.of("run", "status", "rounds", "task", "method", "metric", "rank", "value", "order", "started");

    /** Columns of numbers, which are aligned at their right. */
    private static final Set<Integer> NUMBERS = Set.of(2, 6, 7);

    private RunList() {}

    /**
     * A line for each run, in the order of paths, below a line of titles; none where there is no run. Finding out whether a
     * driver on another machine is at work takes some seconds.
     *
     * @param folder on any Hadoop file system
     * @throws org.erat.data.UsageException if it cannot be read
     */
    public static List<String> lines(String folder, Configuration hadoop) {
        List<RunDirectory> runs = RunDirectory.below(folder, hadoop).stream()
                .map(path -> RunDirectory.read(path.toString(), hadoop, line -> {}))
                .sorted(Comparator.comparing(RunDirectory::path))
                .toList();
        if (runs.isEmpty()) {
            return List.of();
        }
        Set<Path> held = RunDirectory.held(
                runs.stream()
                        .filter(run -> run.state() != RunDirectory.State.FINISHED)
                        .map(RunDirectory::path)
                        .toList(),
                hadoop);
        List<List<String>> rows = new ArrayList<>(List.of(TITLES));
        runs.forEach(run -> rows.add(row(run, RunStatus.of(run, held.contains(run.path())))));
        int[] widths = IntStream.range(0, TITLES.size())
                .map(column -> rows.stream()
                        .mapToInt(row -> row.get(column).length())
                        .max()
                        .orElse(0))
                .toArray();
        return rows.stream().map(row -> line(row, widths)).toList();
    }

    private static List<String> row(RunDirectory run, RunStatus status) {
        RunRecords records = RunRecords.summary(run, status);
        int made = records.rounds().size();
        List<String> cells = new ArrayList<>(List.of(
                run.path().toUri().getPath(),
                status.toString(),
                records.sizes().map(sizes -> made + "/" + sizes.rounds()).orElse(Integer.toString(made)),
                records.task(),
                records.setting("method")));
        cells.addAll(quality(records.evaluation()));
        String started = ReportPage.date(records.provenance().path("started").asText(""));
        cells.add(started.isEmpty() ? "–" : started);
        return cells;
    }

    private static List<String> quality(Optional<Evaluation> measured) {
        return measured.flatMap(evaluation -> evaluation
                        .recommended()
                        .map(choice -> List.of(
                                evaluation.metric().toString(),
                                Integer.toString(choice.rank()),
                                Amounts.format("%.4f", QualitySection.valueAt(evaluation, choice)),
                                choice.order().title())))
                .orElse(List.of("–", "–", "–", "–"));
    }

    private static String line(List<String> row, int... widths) {
        StringBuilder line = new StringBuilder();
        for (int column = 0; column < widths.length; column++) {
            String cell = row.get(column);
            String blanks = " ".repeat(widths[column] - cell.length());
            line.append(column == 0 ? "" : "  ").append(NUMBERS.contains(column) ? blanks + cell : cell + blanks);
        }
        return line.toString().stripTrailing();
    }
}
