package org.erat.report;

import org.erat.chart.Markup;
import org.erat.chart.Palette;

/** The frame of a page: one file with all that it needs, which asks for nothing from anywhere. */
final class Page {
    // Without child combinators and quotes of attributes, which XML and HTML would read differently.
    private static final String CSS =
            """
            * { box-sizing: border-box }
            body { margin: 0; background: var(--page); color: var(--text);
              font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif }
            main { max-width: 1400px; margin: 0 auto; padding: 28px 20px 64px }
            h1 { font-size: 26px; line-height: 1.25; margin: 0 0 6px; overflow-wrap: anywhere }
            h2 { font-size: 19px; margin: 44px 0 14px; padding-bottom: 6px; border-bottom: 1px solid var(--line) }
            h3 { font-size: 15px; margin: 20px 0 8px }
            p { margin: 6px 0; max-width: 80ch; overflow-wrap: anywhere }
            .quiet { color: var(--soft) }
            .badge { font-size: 13px; font-weight: 600; border: 1px solid var(--line); border-radius: 999px;
              padding: 2px 10px; margin-left: 8px; vertical-align: middle; white-space: nowrap }
            .badge.finished { color: var(--c2) } .badge.running { color: var(--c0) }
            .badge.failed, .badge.interrupted { color: var(--c1) }
            .problem { border-left: 4px solid var(--c1); padding: 4px 12px }
            .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 20px 0 }
            .tile { border: 1px solid var(--line); border-radius: 8px; padding: 10px 14px }
            .tile .name, .tile .more { display: block; color: var(--soft); font-size: 13px }
            .tile .value { display: block; font-size: 20px; font-weight: 600; line-height: 1.4 }
            .figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 400px), 1fr)); gap: 16px }
            figure { margin: 0; border: 1px solid var(--line); border-radius: 8px; padding: 12px 14px; min-width: 0 }
            figure.wide { grid-column: 1 / -1 }
            @media (max-width: 520px) { figure svg text { font-size: 14px } }
            @media (min-width: 880px) { figure.double { grid-column: span 2 } }
            figcaption { font-weight: 600; margin-bottom: 8px }
            figcaption .quiet { display: block; font-weight: 400; font-size: 13px }
            figure svg { display: block; width: 100%; height: auto; max-width: 640px; overflow: visible }
            figure svg svg { overflow: hidden }
            figure.wide svg { max-width: 1000px; min-width: 640px }
            .scroll { overflow-x: auto }
            table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums }
            th, td { text-align: left; vertical-align: top; padding: 4px 14px 4px 0; border-bottom: 1px solid var(--line) }
            th { color: var(--soft); font-weight: 500; vertical-align: bottom }
            .number { text-align: right; white-space: nowrap }
            td.words { max-width: 70ch }
            td.sentence { min-width: 30ch; overflow-wrap: break-word }
            td.code { overflow-wrap: anywhere; min-width: 20ch }
            tr.marked td { font-weight: 600; background: color-mix(in srgb, var(--c0) 12%, transparent) }
            code, pre { font: 13px ui-monospace, Menlo, Consolas, monospace }
            pre { white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid var(--line); border-radius: 8px;
              padding: 10px 14px; margin: 8px 0 }
            details { margin: 12px 0 } summary { cursor: pointer; color: var(--soft) }
            .hover { fill: var(--c) } .hover:hover { fill-opacity: 1 }
            @media print {
              main { max-width: none; padding: 0 } body { font-size: 12px }
              figure, .tile, tr, pre { break-inside: avoid } h2 { break-after: avoid }
              .figures { grid-template-columns: 1fr 1fr } .scroll { overflow: visible }
              figure.wide svg { min-width: 0 }
            }
            """;

    private Page() {}

    /** What a page is made of. */
    @FunctionalInterface
    interface Content {
        void write(Markup html);
    }

    /** The text of a whole page. */
    static String of(String title, Content content) {
        Markup html = new Markup();
        html.doctype();
        html.open("html", "lang", "en");
        html.open("head");
        html.empty("meta", "charset", "utf-8");
        html.empty("meta", "name", "viewport", "content", "width=device-width, initial-scale=1");
        // A browser asks its server for an icon unless the page brings one.
        html.empty("link", "rel", "icon", "href", "data:,");
        html.element("title", title);
        html.element("style", Palette.css(":root") + CSS + Palette.cssOfPrint(":root"));
        html.close();
        html.open("body");
        html.open("main");
        content.write(html);
        html.close();
        html.close();
        html.close();
        return html.toString();
    }

    /** A part of a page under a title. */
    static void section(Markup html, String title, Runnable content) {
        html.open("section");
        html.element("h2", title);
        content.run();
        html.close();
    }

    /** Figures beside one another, as many as there is room for. */
    static void figures(Markup html, Runnable content) {
        html.open("div", "class", "figures");
        content.run();
        html.close();
    }

    /** A figure with what to know of it. */
    static void figure(Markup html, String title, String note, Runnable content) {
        figure(html, "plain", title, note, content);
    }

    /** A figure that takes the whole width, and scrolls where that is not enough. */
    static void wideFigure(Markup html, String title, String note, Runnable content) {
        figure(html, "wide", title, note, () -> {
            html.open("div", "class", "scroll");
            content.run();
            html.close();
        });
    }

    /** A figure that takes twice the usual width where there is room. */
    static void doubleFigure(Markup html, String title, String note, Runnable content) {
        figure(html, "double", title, note, content);
    }

    private static void figure(Markup html, String styles, String title, String note, Runnable content) {
        html.open("figure", "class", styles);
        html.open("figcaption");
        html.text(title);
        if (!note.isEmpty()) {
            html.element("span", note, "class", "quiet");
        }
        html.close();
        content.run();
        html.close();
    }

    /** A number to see first. */
    static void tile(Markup html, String name, String value, String more) {
        html.open("div", "class", "tile");
        html.element("span", name, "class", "name");
        html.element("span", value, "class", "value");
        html.element("span", more, "class", "more");
        html.close();
    }

    /** Content that a reader opens. */
    static void details(Markup html, String summary, Runnable content) {
        html.open("details");
        html.element("summary", summary);
        content.run();
        html.close();
    }
}
