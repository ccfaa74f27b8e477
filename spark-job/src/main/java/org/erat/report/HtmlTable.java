package org.erat.report;

import java.util.ArrayList;
import java.util.List;
import org.erat.chart.Markup;

/** A table of a page. Columns of numbers are aligned at their right. */
final class HtmlTable {
    /** Letters of a cell that need not be broken. */
    private static final int SHORT = 40;

    private final List<String> titles = new ArrayList<>();
    private final List<Boolean> numeric = new ArrayList<>();
    private final List<List<String>> rows = new ArrayList<>();
    private int marked = -1;

    /** Adds a column of text. */
    HtmlTable text(String title) {
        titles.add(title);
        numeric.add(false);
        return this;
    }

    /** Adds a column of numbers. */
    HtmlTable number(String title) {
        titles.add(title);
        numeric.add(true);
        return this;
    }

    /** Adds a row, a cell for each column. */
    HtmlTable row(String... cells) {
        return row(List.of(cells));
    }

    HtmlTable row(List<String> cells) {
        rows.add(List.copyOf(cells));
        return this;
    }

    /** Marks the row that was added last. */
    HtmlTable mark() {
        marked = rows.size() - 1;
        return this;
    }

    boolean isEmpty() {
        return rows.isEmpty();
    }

    void write(Markup html) {
        html.open("div", "class", "scroll");
        html.open("table");
        html.open("thead");
        html.open("tr");
        for (int column = 0; column < titles.size(); column++) {
            html.element("th", titles.get(column), "scope", "col", "class", styles(column));
        }
        html.close();
        html.close();
        html.open("tbody");
        for (int row = 0; row < rows.size(); row++) {
            html.open("tr", "class", row == marked ? "marked" : "plain");
            for (int column = 0; column < titles.size(); column++) {
                html.element(
                        "td",
                        rows.get(row).get(column),
                        "class",
                        styles(column, rows.get(row).get(column)));
            }
            html.close();
        }
        html.close();
        html.close();
        html.close();
    }

    private String styles(int column, String cell) {
        if (numeric.get(column) || cell.length() <= SHORT) {
            return styles(column);
        }
        // A path or a hash may be broken anywhere, a text between its words.
        return cell.indexOf(' ') < 0 ? "words code" : "words sentence";
    }

    private String styles(int column) {
        return numeric.get(column) ? "number" : "words";
    }
}
