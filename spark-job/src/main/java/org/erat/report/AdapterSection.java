package org.erat.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.erat.adapter.AdapterLayout;
import org.erat.adapter.CanonicalOrder;
import org.erat.chart.HeatMap;
import org.erat.chart.Markup;
import org.erat.data.architecture.Projection;
import org.erat.export.TrainedAdapter;

/** What the rows of the adapters did in training, and what they hold at its end. */
final class AdapterSection {
    private static final int WIDTH = 480;

    /** More columns than these are too narrow to see. */
    private static final int MOST_COLUMNS = 32;

    private static final int MOST_BLOCKS = 64;

    private AdapterSection() {}

    static void write(Markup html, RunRecords run) {
        if (run.adapter().isEmpty() && run.activity().isEmpty()) {
            return;
        }
        Page.section(html, "Adapter", () -> {
            run.activity()
                    .filter(AdapterSection::isUniform)
                    .ifPresent(activity ->
                            html.element("p", "Every row of every block was trained in every step.", "class", "quiet"));
            Page.figures(html, () -> {
                run.activity().filter(activity -> !isUniform(activity)).ifPresent(activity -> activity(html, activity));
                run.adapter().ifPresent(adapter -> singularValues(html, adapter));
            });
        });
    }

    private static boolean isUniform(RowActivityRecord activity) {
        return Arrays.stream(activity.weights())
                        .flatMapToLong(LongStream::of)
                        .distinct()
                        .count()
                < 2;
    }

    private static void activity(Markup html, RowActivityRecord activity) {
        long[][] weights = activity.weights();
        double most = Arrays.stream(weights).flatMapToLong(LongStream::of).max().orElse(1);
        int columns = Math.min(MOST_COLUMNS, weights[0].length);
        int blocks = Math.min(MOST_BLOCKS, weights.length);
        List<List<HeatMap.Cell>> cells = new ArrayList<>();
        for (int block = 0; block < blocks; block++) {
            int of = block;
            cells.add(IntStream.range(0, columns)
                    .mapToObj(row -> new HeatMap.Cell(
                            weights[of][row] / most,
                            "",
                            "block " + (of + 1) + ", row " + (row + 1) + ": trained "
                                    + Amounts.share(weights[of][row] / most) + " as often as the most trained row"))
                    .toList());
        }
        HeatMap map = new HeatMap("row", "block", numbers(columns), numbers(blocks), cells, 2);
        Page.figure(
                html,
                "How often each row was trained",
                "Relative to the row that was trained most. Windows leave rows out of a step.",
                () -> map.draw(html, "Training of rows by block", WIDTH));
    }

    private static void singularValues(Markup html, TrainedAdapter adapter) {
        double[][] values =
                CanonicalOrder.of(adapter.layout(), adapter.parameters()).singularValues();
        double scale = adapter.adapter().scale().of(adapter.rank());
        double most = scale
                * Arrays.stream(values).flatMapToDouble(Arrays::stream).max().orElse(0);
        if (most <= 0) {
            return;
        }
        for (Projection projection : adapter.layout().projections()) {
            List<AdapterLayout.Slot> slots = adapter.layout().slots().stream()
                    .filter(slot -> slot.projection() == projection)
                    .limit(MOST_BLOCKS)
                    .toList();
            int columns = Math.min(MOST_COLUMNS, adapter.rank());
            List<List<HeatMap.Cell>> cells = slots.stream()
                    .map(slot -> cells(slot, values[slot.index()], columns, scale, most))
                    .toList();
            HeatMap map = new HeatMap("singular value", "block", numbers(columns), numbers(slots.size()), cells, 0);
            Page.figure(
                    html,
                    "Singular values of ΔW, " + projection.key(),
                    "Full colour is " + Amounts.number(most) + ", the largest of all.",
                    () -> map.draw(html, "Singular values of " + projection.key() + " by block", WIDTH));
        }
    }

    private static List<HeatMap.Cell> cells(
            AdapterLayout.Slot slot, double[] values, int columns, double scale, double most) {
        return IntStream.range(0, columns)
                .mapToObj(i -> new HeatMap.Cell(
                        scale * values[i] / most,
                        "",
                        "block " + (slot.block() + 1) + ", σ" + (i + 1) + " = " + Amounts.number(scale * values[i])))
                .toList();
    }

    private static List<String> numbers(int last) {
        return IntStream.rangeClosed(1, last).mapToObj(Integer::toString).toList();
    }
}
