package org.erat.chart;

/**
 * Colours and fonts of all charts. The hues are those of Okabe and Ito, which colour-blind people tell apart, with the
 * contrast that each background needs. Nothing is told by colour alone.
 */
public final class Palette {
    /** Distinct colours; more lines repeat them with other markers. */
    public static final int COLOURS = 6;

    private static final String LIGHT =
            """
            --page: #ffffff; --line: #d0d7de; --text: #1f2328; --soft: #59636e;
            --c0: #0072b2; --c1: #c25400; --c2: #00805c; --c3: #b5478b; --c4: #9a6a00; --c5: #1f2328;
            """;

    private static final String DARK =
            """
            --page: #0d1117; --line: #3d444d; --text: #f0f6fc; --soft: #9198a1;
            --c0: #56b4e9; --c1: #ff8a4c; --c2: #2cc99b; --c3: #e59ac4; --c4: #e6b800; --c5: #f0f6fc;
            """;

    // Without child combinators and quotes of attributes: the same text is the content of an element in SVG and in
    // HTML.
    private static final String RULES =
            """
            .c0 { --c: var(--c0) } .c1 { --c: var(--c1) } .c2 { --c: var(--c2) }
            .c3 { --c: var(--c3) } .c4 { --c: var(--c4) } .c5 { --c: var(--c5) }
            text { font: 12px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: var(--text) }
            .head { font-size: 15px; font-weight: 600 }
            .soft { fill: var(--soft) }
            .page { fill: var(--page); stroke: var(--line) }
            .grid-line { stroke: var(--line) }
            .band { fill: var(--c); fill-opacity: 0.12 }
            .bar { stroke: var(--c); stroke-opacity: 0.4; stroke-width: 2 }
            .curve { fill: none; stroke: var(--c); stroke-width: 2; stroke-linejoin: round }
            .mark { fill: var(--page); stroke: var(--c); stroke-width: 1.8 }
            .mark.filled { fill: var(--c) }
            .dot { fill: var(--c); fill-opacity: 0.5; stroke: none }
            .ring { fill: none; stroke: var(--text); stroke-width: 1.5 }
            .guide { fill: none; stroke: var(--soft); stroke-dasharray: 3 3 }
            .cell { fill: var(--c) }
            .frame { fill: none; stroke: var(--line) }
            .m { text-anchor: middle } .e { text-anchor: end }
            """;

    private Palette() {}

    /**
     * The style of charts, light or dark as the reader prefers.
     *
     * @param root selector of the element that all charts are in
     */
    public static String css(String root) {
        return "\n" + root + " { color-scheme: light dark;\n" + LIGHT + "}\n@media (prefers-color-scheme: dark) { "
                + root + " {\n" + DARK + "} }\n" + RULES;
    }

    /** The style of a page for print, on which every reader's paper is white. */
    public static String cssOfPrint(String root) {
        return "@media print { " + root + " {\n" + LIGHT + "} }\n";
    }

    /** The class of a colour, by its number. */
    static String colour(int number) {
        return "c" + number % COLOURS;
    }
}
