package org.erat.chart;

import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * A table of values as cells that are the darker the higher the value.
 *
 * @param x what the columns are
 * @param y what the rows are
 * @param columns names of the columns
 * @param rows names of the rows
 * @param cells [rows][columns]
 * @param colour number of the colour
 */
public record HeatMap(String x, String y, List<String> columns, List<String> rows, List<List<Cell>> cells, int colour) {
    private static final int USUAL_CELL = 26;

    /** Of a small table the cells are larger, and have their values in them. */
    private static final double SMALL_TABLE = 240;

    private static final double LARGEST_CELL = 80;
    private static final double LEAST_WITH_TEXT = 34;

    /** So that text on them can be read. */
    private static final double FULL = 0.9;

    private static final double FULL_BELOW_TEXT = 0.45;

    private static final double LETTER = 6.6;
    private static final int LONGEST_NAME = 22;

    /** Cells that are smaller have names of 10 pixels and gaps between the named ones. */
    private static final double ROW_OF_TEXT = 12;

    public HeatMap {
        columns = List.copyOf(columns);
        rows = List.copyOf(rows);
        cells = cells.stream().map(List::copyOf).toList();
    }

    /**
     * A cell.
     *
     * @param share from 0, empty, to 1, full
     * @param text the value, which is written where there is room; may be empty
     * @param hover what a reader who points at it sees
     */
    public record Cell(double share, String text, String hover) {}

    /**
     * Draws it into a page.
     *
     * @param title for readers who do not see it
     * @param width of the page's column, in units of which a letter is about 6.4 wide
     */
    public void draw(Markup page, String title, int width) {
        boolean turned = columns.stream().anyMatch(name -> name.length() > 3);
        double left = 26 + longest(rows.stream()) * LETTER;
        double wanted = Math.max(USUAL_CELL, Math.min(LARGEST_CELL, SMALL_TABLE / columns.size()));
        double cell = Math.min(wanted, (width - left - 4) / columns.size());
        double names = turned ? longest(columns.stream()) * LETTER + 8 : 18;
        double bottom = 6 + rows.size() * cell;
        page.openSvg(
                "viewBox",
                "0 0 " + width + " " + Markup.number(bottom + names + 24),
                "role",
                "img",
                "aria-label",
                title);
        page.empty(
                "rect",
                "class",
                "frame",
                "x",
                left,
                "y",
                6,
                "width",
                columns.size() * cell,
                "height",
                rows.size() * cell);
        for (int row = 0; row < rows.size(); row++) {
            for (int column = 0; column < columns.size(); column++) {
                cell(page, cells.get(row).get(column), left + column * cell, 6 + row * cell, cell);
            }
        }
        int every = (int) Math.ceil(ROW_OF_TEXT / cell);
        for (int row = 0; row < rows.size(); row += every) {
            page.element(
                    "text",
                    shortened(rows.get(row)),
                    "class",
                    "soft e",
                    "x",
                    left - 6,
                    "y",
                    6 + (row + 0.5) * cell + 4);
        }
        double letters = turned ? ROW_OF_TEXT : longest(columns.stream()) * 8 + 6;
        every = (int) Math.ceil(letters / cell);
        for (int column = 0; column < columns.size(); column += every) {
            double x = left + (column + 0.5) * cell;
            if (turned) {
                String place = "translate(" + Markup.number(x + 4) + " " + Markup.number(bottom + 6) + ") rotate(-90)";
                page.element("text", shortened(columns.get(column)), "class", "soft e", "transform", place);
            } else {
                page.element("text", columns.get(column), "class", "soft m", "x", x, "y", bottom + 15);
            }
        }
        page.element("text", x, "class", "soft m", "x", left + columns.size() * cell / 2, "y", bottom + names + 16);
        String place = "translate(12 " + Markup.number(6 + rows.size() * cell / 2) + ") rotate(-90)";
        page.element("text", y, "class", "soft m", "transform", place);
        page.close();
    }

    private void cell(Markup page, Cell cell, double x, double y, double size) {
        boolean written = size >= LEAST_WITH_TEXT && !cell.text().isEmpty();
        if (written) {
            page.element("text", cell.text(), "class", "m", "x", x + size / 2, "y", y + size / 2 + 4);
        }
        // Most cells of a large table are empty.
        if (cell.share() <= 0 && cell.hover().isEmpty()) {
            return;
        }
        double opacity = (written ? FULL_BELOW_TEXT : FULL) * Math.max(0, Math.min(1, cell.share()));
        page.open(
                "rect",
                "class",
                "cell " + Palette.colour(colour),
                "x",
                x,
                "y",
                y,
                "width",
                size,
                "height",
                size,
                "fill-opacity",
                String.format(Locale.ROOT, "%.2f", opacity));
        page.element("title", cell.hover());
        page.close();
    }

    private static int longest(Stream<String> names) {
        return names.mapToInt(name -> shortened(name).length()).max().orElse(0);
    }

    private static String shortened(String name) {
        return name.length() <= LONGEST_NAME ? name : name.substring(0, LONGEST_NAME - 1) + "…";
    }
}
