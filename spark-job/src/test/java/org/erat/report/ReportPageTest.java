package org.erat.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.erat.checkpoint.RunDirectory;
import org.erat.data.UsageException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class ReportPageTest {
    @TempDir
    private Path folder;

    @Test
    void aFinishedRunsPageHasTheFiguresOfItsFiles() throws Exception {
        Document page = page(RunFiles.finished(folder.resolve("lora"), "lora", 0.9));

        // evaluation.json: 0.7115 at rank 2 in canonical order, standard error 0.02 in evaluation-details.json.
        assertThat(hovers(page))
                .contains("rank 2, canonical: 71.2 ± 3.9")
                .contains("rank 1, as trained: 60.0 ± 2.0")
                // metrics.jsonl: the last of 15 rounds.
                .contains("round 15, step 150: 0.9000")
                .contains("round 15, step 150: 3.333e-05")
                // 25,500 tokens in 4.25 s.
                .contains("round 15, step 150: 6000 tokens/s")
                .contains("round 15, slowest shard's local steps: 4.00 s")
                // row-activity.json: a row with a quarter of the steps of the first one.
                .contains("block 1, row 4: trained 25.0 % as often as the most trained row")
                // sizes.json: 147,456 floats.
                .contains("adapter: 589.8 kB");
        assertThat(texts(page, "td")).contains("0.7115", "0.0392");
        assertThat(texts(page, "text")).contains("recommended: rank 2, 71.2");
        assertThat(texts(page, "span")).contains("finished", "15 of 15");
        assertThat(texts(page, "h2"))
                .containsExactly("Quality by rank", "Training", "Adapter", "Errors at rank 2, canonical", "Origin");
    }

    @Test
    void whatWasMeasuredDuringTrainingIsDrawnByRankWithTheBestRound() throws Exception {
        Document page = page(RunFiles.finished(folder.resolve("lora"), "lora", 0.9));

        // metrics.jsonl: accuracy at ranks 2 and 4 after rounds 5, 10 and 15.
        assertThat(hovers(page))
                .contains("round 5, mean: 65.0", "round 10, rank 2: 60.0", "round 10, rank 4: 80.0")
                .doesNotContain("round 6, mean: 66.0");
        assertThat(texts(page, "text")).contains("best: round 10, 70.0");
        assertThat(page.getDocumentElement().getTextContent())
                .contains("The adapter is that of round 10, the best one.");
        assertThat(texts(page, "th")).contains("validation accuracy");
        assertThat(texts(page, "span")).contains("10", "validation accuracy 70.0");

        Path erat = RunFiles.finished(folder.resolve("erat"), "erat", 1.1);
        assertThat(hovers(parsed(ReportPage.of(List.of(read(folder.resolve("lora")), read(erat))))))
                .contains("round 10, lora: 70.0", "round 10, erat: 70.0");
    }

    @Test
    void namesAndTextsOfTheDataStayText() throws Exception {
        Document page = page(RunFiles.finished(folder.resolve("a <b> & c"), "lora", 0.9));

        assertThat(page.getElementsByTagName("script").getLength()).isZero();
        assertThat(page.getElementsByTagName("img").getLength()).isZero();
        assertThat(texts(page, "td"))
                .contains(RunFiles.HOSTILE)
                .anyMatch(text -> text.startsWith(RunFiles.HOSTILE + " a long"));
        assertThat(texts(page, "title")).contains("wordnet – a <b> & c");
    }

    @Test
    void aPageLoadsNothing() throws Exception {
        Document page = page(RunFiles.finished(folder.resolve("lora"), "lora", 0.9));

        List<Element> all = elements(page, "*");
        assertThat(all).allSatisfy(element -> {
            for (String attribute : List.of("src", "srcset", "action", "data", "xlink:href", "background", "style")) {
                assertThat(element.hasAttribute(attribute))
                        .as(element.getTagName())
                        .isFalse();
            }
            assertThat(element.getAttribute("href")).isIn("", "data:,");
        });
        assertThat(all).extracting(Element::getTagName).doesNotContain("script", "iframe", "object", "embed", "img");
        assertThat(texts(page, "style").get(0))
                .doesNotContain("url(", "@import")
                .contains("prefers-color-scheme: dark");
    }

    @Test
    void aRunInProgressHasThePageSoFar() throws Exception {
        Path directory = folder.resolve("begun");
        try (RunDirectory run = RunFiles.open(directory, RunFiles.settings("erat"))) {
            Document before = page(directory);
            assertThat(texts(before, "span")).contains("running");
            RunFiles.train(run, 4, 2.5);
            Document page = page(directory);
            assertThat(texts(page, "span")).contains("running", "4 of 15", "2.500");
            assertThat(texts(page, "h2")).containsExactly("Training", "Adapter", "Origin");
        }
        assertThat(texts(page(directory), "span")).contains("interrupted");
    }

    @Test
    void aFailedRunsPageSaysWhy() throws Exception {
        Path directory = folder.resolve("failed");
        try (RunDirectory run = RunFiles.open(directory, RunFiles.settings("erat"))) {
            run.fail("Training diverged at step 12 <here>.");
        }
        Document page = page(directory);
        assertThat(texts(page, "span")).contains("failed");
        assertThat(texts(page, "p")).contains("Training diverged at step 12 <here>.");

        try (RunDirectory again = RunFiles.open(directory, RunFiles.settings("erat"))) {
            assertThat(again.failure()).isEmpty();
        }
    }

    @Test
    void severalRunsAreLaidOverOneAnother() throws Exception {
        Path lora = RunFiles.finished(folder.resolve("lora"), "lora", 0.9);
        Path erat = RunFiles.finished(folder.resolve("erat"), "erat", 1.1);
        Document page = parsed(ReportPage.of(List.of(read(lora), read(erat))));

        assertThat(hovers(page)).contains("rank 2, lora, canonical: 71.2 ± 3.9", "rank 2, erat, canonical: 71.2 ± 3.9");
        assertThat(texts(page, "td"))
                .contains("method", "lora", "erat", "1.100", "0.9000")
                .doesNotContain("seed");
        assertThat(texts(page, "text")).contains("lora, canonical", "erat, canonical");
    }

    @Test
    void aFolderThatHoldsNoRunIsRefused() {
        assertThatThrownBy(() -> read(folder))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("There is no run in")
                .hasMessageContaining("--run-dir");
    }

    private static RunRecords read(Path directory) {
        return RunRecords.read(directory.toString(), RunFiles.HADOOP);
    }

    private static Document page(Path directory) throws Exception {
        String html = ReportPage.of(read(directory));
        Files.writeString(directory.resolve("page.html"), html);
        return parsed(html);
    }

    static Document parsed(String html) throws Exception {
        return DocumentBuilderFactory.newDefaultInstance()
                .newDocumentBuilder()
                .parse(new InputSource(new StringReader(html)));
    }

    private static List<Element> elements(Document page, String name) {
        NodeList all = page.getElementsByTagName(name);
        return IntStream.range(0, all.getLength())
                .mapToObj(i -> (Element) all.item(i))
                .toList();
    }

    private static List<String> texts(Document page, String name) {
        return elements(page, name).stream().map(Element::getTextContent).toList();
    }

    /** What charts tell who points at them. */
    private static List<String> hovers(Document page) {
        List<String> hovers = new ArrayList<>(texts(page, "title"));
        hovers.remove(0);
        return hovers;
    }
}
