package org.erat.report;

import com.fasterxml.jackson.databind.JsonNode;
import org.erat.chart.Markup;

/** What a run was made of, and how to make it again. */
final class OriginSection {
    private OriginSection() {}

    static void write(Markup html, RunRecords run) {
        Page.section(html, "Origin", () -> {
            html.element("p", "The same run again, in a new run directory:");
            html.element("pre", "submit/erat train --conf " + run.path() + "/config.conf --run-dir NEW_DIR");
            Page.figures(html, () -> {
                table(html, "Versions", run.provenance().path("versions"));
                table(html, "Cluster", run.provenance().path("cluster"));
                table(html, "SHA-256", run.provenance().path("sha256"));
                table(html, "Seeds", run.provenance().path("seeds"));
            });
            Page.details(html, "All " + run.settings().size() + " settings", () -> {
                HtmlTable settings = new HtmlTable().text("setting").text("value");
                run.settings().forEach(settings::row);
                settings.write(html);
            });
        });
    }

    private static void table(Markup html, String title, JsonNode values) {
        if (values.isEmpty()) {
            return;
        }
        HtmlTable table = new HtmlTable().text("").text("");
        values.fields()
                .forEachRemaining(
                        field -> table.row(field.getKey(), field.getValue().asText()));
        Page.figure(html, title, "", () -> table.write(html));
    }
}
