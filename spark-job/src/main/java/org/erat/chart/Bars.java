package org.erat.chart;

import java.util.List;

/**
 * Horizontal bars made of parts, each as long as its value.
 *
 * @param rows at least one
 */
public record Bars(List<Row> rows) {
    private static final int ROW = 46;
    private static final int BAR = 18;

    public Bars {
        rows = List.copyOf(rows);
    }

    /**
     * A bar.
     *
     * @param name what it is
     * @param total its length for people, with a unit
     */
    public record Row(String name, String total, List<Part> parts) {
        public Row {
            parts = List.copyOf(parts);
        }

        private double length() {
            return parts.stream().mapToDouble(Part::value).sum();
        }
    }

    /**
     * A part of a bar.
     *
     * @param colour its number
     * @param value 0 or more
     * @param text the value for people, with a unit
     */
    public record Part(String name, int colour, double value, String text) {}

    /**
     * Draws them into a page, with a legend below.
     *
     * @param title for readers who do not see it
     */
    public void draw(Markup page, String title) {
        double longest = rows.stream().mapToDouble(Row::length).max().orElse(0);
        List<Part> kinds = rows.stream()
                .flatMap(row -> row.parts().stream())
                .map(part -> new Part(part.name(), part.colour(), 0, ""))
                .distinct()
                .toList();
        int height = rows.size() * ROW + 8 + 20 * ((kinds.size() + 1) / 2);
        page.openSvg("viewBox", "0 0 " + ChartSize.WIDTH + " " + height, "role", "img", "aria-label", title);
        for (int i = 0; i < rows.size(); i++) {
            Row row = rows.get(i);
            double top = i * ROW + 20.0;
            page.element("text", row.name(), "x", 4, "y", top - 6);
            page.element("text", row.total(), "class", "e", "x", ChartSize.WIDTH - 4, "y", top - 6);
            double x = 4;
            for (Part part : row.parts()) {
                double width = longest == 0 ? 0 : part.value() / longest * (ChartSize.WIDTH - 8);
                page.open(
                        "rect",
                        "class",
                        "cell " + Palette.colour(part.colour()),
                        "x",
                        x,
                        "y",
                        top,
                        "width",
                        Math.max(width, part.value() > 0 ? 0.5 : 0),
                        "height",
                        BAR);
                page.element("title", part.name() + ": " + part.text());
                page.close();
                x += width;
            }
        }
        for (int i = 0; i < kinds.size(); i++) {
            double x = 4 + i % 2 * (ChartSize.WIDTH / 2.0);
            double y = rows.size() * ROW + 16.0 + i / 2 * 20;
            page.empty(
                    "rect",
                    "class",
                    "cell " + Palette.colour(kinds.get(i).colour()),
                    "x",
                    x,
                    "y",
                    y - 10,
                    "width",
                    12,
                    "height",
                    12);
            page.element("text", kinds.get(i).name(), "x", x + 18, "y", y);
        }
        page.close();
    }
}
