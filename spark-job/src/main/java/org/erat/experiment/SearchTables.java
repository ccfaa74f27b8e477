package org.erat.experiment;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/** What a search found, as a part of the {@link Tables}. */
final class SearchTables {
    private SearchTables() {}

    /** A table for each task, with a line for each method and value; an empty line at the end. */
    static List<String> markdown(ExperimentResults.Search search) {
        List<String> lines = new ArrayList<>();
        for (String task :
                search.results().stream().map(SearchResult::task).distinct().toList()) {
            List<SearchResult> ofTask = search.results().stream()
                    .filter(result -> result.task().equals(task))
                    .toList();
            lines.add("## Search by " + task + ": " + ofTask.get(0).metric().label());
            lines.add("");
            lines.addAll(table(ofTask));
            lines.add("");
            List<String> notes = ofTask.stream()
                    .flatMap(result -> result.notes().stream().map(note -> "- " + result.method() + ": " + note + "."))
                    .toList();
            if (!notes.isEmpty()) {
                lines.addAll(notes);
                lines.add("");
            }
        }
        lines.add(
                "Each method takes the values with the best mean AURAC, in the better order of its rows, of those with"
                        + " every seed.");
        lines.addAll(Tables.markdown("Search runs", search.unfinished()));
        lines.add("");
        return lines;
    }

    private static List<String> table(List<SearchResult> results) {
        List<String> keys = List.copyOf(results.get(0).lines().get(0).values().keySet());
        List<String> titles = new ArrayList<>(List.of("method", "order"));
        titles.addAll(keys);
        titles.addAll(List.of("seeds", "AURAC", "chosen"));
        List<String> lines = new ArrayList<>(Tables.head(titles, 2));
        for (SearchResult result : results) {
            for (SearchResult.Line line : result.lines()) {
                List<String> cells =
                        new ArrayList<>(List.of(result.method(), line.order().title()));
                cells.addAll(line.values().values());
                cells.add(Integer.toString(line.aurac().values().length));
                cells.add(Tables.withDeviation(line.aurac(), result.metric()));
                cells.add(result.best().filter(line::equals).isPresent() ? "yes" : "");
                lines.add(Tables.row(cells));
            }
        }
        return lines;
    }

    static void put(ObjectNode node, ExperimentResults.Search search) {
        ArrayNode methods = node.putArray("methods");
        for (SearchResult result : search.results()) {
            ObjectNode method = methods.addObject()
                    .put("task", result.task())
                    .put("method", result.method())
                    .put("metric", result.metric().toString());
            ArrayNode lines = method.putArray("lines");
            for (SearchResult.Line line : result.lines()) {
                ObjectNode entry = lines.addObject();
                ObjectNode values = entry.putObject("values");
                line.values().forEach(values::put);
                entry.put("order", line.order().key());
                Tables.put(entry.putObject("aurac"), line.aurac());
            }
            result.best().ifPresent(best -> {
                ObjectNode chosen = method.putObject("chosen");
                best.values().forEach(chosen::put);
            });
            ArrayNode notes = method.putArray("notes");
            result.notes().forEach(notes::add);
        }
        Tables.put(node, search.unfinished());
    }
}
