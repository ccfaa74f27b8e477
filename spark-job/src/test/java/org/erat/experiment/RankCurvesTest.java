package org.erat.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.erat.config.RowOrder;
import org.erat.evaluation.Metric;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

class RankCurvesTest {
    @Test
    void aLineIsTheMeanAndItsBandTheIntervalByT() throws Exception {
        Document svg =
                parsed(new Comparison("", Metric.ACCURACY, List.of(line("lora", RowOrder.TRAINED, 2, .60, .62, .64))));

        List<Double> mean = ys(only(svg, "polyline", "curve").get(0).getAttribute("points"));
        List<Double> band = ys(only(svg, "polygon", "band").get(0).getAttribute("points"));
        // Three seeds: t(2) = 4.3027 standard errors of 0.02 / √3 are 4.968 hundredths. All means are alike, so the
        // axis
        // shows one hundredth on each side of them, 260 high from 72, and the frame cuts the band.
        assertThat(mean).containsExactly(202.0, 202.0);
        double perHundredth = 260 / 2.0;
        assertThat(mean.get(0) - band.get(0)).isCloseTo(4.968 * perHundredth, within(1.0));
        assertThat(band.get(3) - mean.get(0)).isCloseTo(4.968 * perHundredth, within(1.0));
    }

    @Test
    void oneSeedHasNoBandAndOneRankABar() throws Exception {
        Document one = parsed(new Comparison("", Metric.F1, List.of(line("lora", RowOrder.TRAINED, 4, .5))));
        assertThat(only(one, "polygon", "band")).isEmpty();
        assertThat(text(one)).contains("one seed").doesNotContain("interval");

        Document rank = parsed(new Comparison("", Metric.F1, List.of(line("lora", RowOrder.TRAINED, 1, .5, .6))));
        assertThat(only(rank, "path", "bar")).hasSize(1);
    }

    @Test
    void everyLineOfFourteenLooksDifferentAndHasALineOfTheLegend() throws Exception {
        Document svg = parsed(fourteen());

        // A line's marks, of which each has its line's colour, marker and fill.
        assertThat(only(svg, "path", "mark").stream()
                        .map(mark -> mark.getAttribute("class") + mark.getAttribute("d"))
                        .distinct())
                .hasSize(14);
        assertThat(only(svg, "polyline", "curve")).hasSize(28);
        List<Element> labels = only(svg, "text", "").stream()
                .filter(label -> label.getTextContent().startsWith("method-"))
                .toList();
        assertThat(labels).hasSize(14);
        for (int i = 1; i < labels.size(); i++) {
            assertThat(y(labels.get(i)) - y(labels.get(i - 1))).isGreaterThanOrEqualTo(20);
        }
        double height = Double.parseDouble(svg.getDocumentElement().getAttribute("height"));
        assertThat(y(labels.get(13))).isLessThan(height - 40);
    }

    @Test
    void labelsOfManyRanksDoNotMeet() throws Exception {
        Document svg = parsed(new Comparison("", Metric.F1, List.of(line("lora", RowOrder.TRAINED, 128, .5))));
        List<Double> places = only(svg, "text", "soft m").stream()
                .filter(label -> label.getTextContent().matches("\\d+"))
                .map(label -> Double.parseDouble(label.getAttribute("x")))
                .toList();
        for (int i = 1; i < places.size(); i++) {
            assertThat(places.get(i) - places.get(i - 1)).isGreaterThanOrEqualTo(28);
        }
    }

    @Test
    void namesAreEscaped() throws Exception {
        Document svg = parsed(new Comparison("a<b&c", Metric.F1, List.of(line("x>y", RowOrder.TRAINED, 2, .5))));
        assertThat(text(svg)).contains("a<b&c: f1 by rank", "x>y, as trained");
    }

    static Comparison fourteen() {
        List<Comparison.Line> lines = new ArrayList<>();
        for (int method = 0; method < 7; method++) {
            double from = .70 + .012 * method;
            lines.add(line("method-" + method, RowOrder.TRAINED, 8, from, from + .01, from + .015));
            lines.add(line("method-" + method, RowOrder.CANONICAL, 8, from + .004, from + .012, from + .02));
        }
        return new Comparison("mrpc", Metric.ACCURACY, lines);
    }

    private static Comparison.Line line(String method, RowOrder order, int ranks, double... seeds) {
        Map<Integer, Sample> byRank = new TreeMap<>();
        IntStream.rangeClosed(1, ranks).forEach(rank -> byRank.put(rank, new Sample(seeds)));
        return new Comparison.Line(
                method, order, byRank, new Sample(seeds), new Sample(1), Optional.empty(), Double.NaN);
    }

    private static Document parsed(Comparison comparison) throws Exception {
        return DocumentBuilderFactory.newDefaultInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(RankCurves.svg(comparison).getBytes(StandardCharsets.UTF_8)));
    }

    private static List<Element> only(Document svg, String name, String kind) {
        NodeList all = svg.getElementsByTagName(name);
        return IntStream.range(0, all.getLength())
                .mapToObj(i -> (Element) all.item(i))
                .filter(element -> element.getAttribute("class").startsWith(kind))
                .toList();
    }

    private static List<Double> ys(String points) {
        return List.of(points.split(" ", -1)).stream()
                .map(point -> Double.parseDouble(point.substring(point.indexOf(',') + 1)))
                .toList();
    }

    private static double y(Element element) {
        return Double.parseDouble(element.getAttribute("y"));
    }

    private static String text(Document svg) {
        return svg.getDocumentElement().getTextContent();
    }
}
