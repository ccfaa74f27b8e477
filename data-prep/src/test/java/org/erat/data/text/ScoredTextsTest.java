package org.erat.data.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.erat.data.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScoredTextsTest {
    private static final List<ScoredTexts> EXPECTED =
            List.of(new ScoredTexts("h1", List.of("a1, £5", "a2")), new ScoredTexts("h2", List.of("b1")));

    @TempDir
    private Path folder;

    private void write(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        try (OutputStream plain = Files.newOutputStream(file);
                OutputStream out = name.endsWith(".gz") ? new GZIPOutputStream(plain) : plain) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }
    }

    private List<ScoredTexts> read(String references, String hypotheses) {
        return ScoredTexts.read(
                new Configuration(false),
                new org.apache.hadoop.fs.Path(folder.resolve(references).toString()),
                new org.apache.hadoop.fs.Path(folder.resolve(hypotheses).toString()));
    }

    private void writeAll() throws IOException {
        write("r.csv", "\"mr\",\"ref\"\n\"n[A], x[1]\",\"a1, Â£5\"\nn[B],b1\n\"n[A], x[1]\",a2\n");
        write("r.tsv.gz", "n[A], x[1]\ta1, £5\nn[A], x[1]\ta2\nn[B]\tb1\n");
        write("r.txt", "a1, £5\na2\n\nb1\n\n");
        write("r.jsonl", "{\"references\":[\"a1, £5\",\"a2\"]}\n{\"references\":[\"b1\"]}\n");
        write("h.tsv", "MR\toutput\nn[B]\th2\n\"n[A], x[1]\"\th1\n");
        write("h.csv", "mr,output\n\"n[A], x[1]\",h1\nn[B],h2\n");
        write("h.txt.gz", "h1\nh2\n");
        write("h.jsonl", "{\"completion\":\"h1\"}\n{\"text\":\"h2\"}\n");
    }

    @ParameterizedTest
    @CsvSource({
        "r.csv, h.tsv",
        "r.csv, h.csv",
        "r.csv, h.txt.gz",
        "r.tsv.gz, h.tsv",
        "r.txt, h.jsonl",
        "r.jsonl, h.txt.gz",
        "r.csv, h.jsonl"
    })
    void everyFormatIsReadByItsEnding(String references, String hypotheses) throws IOException {
        writeAll();
        assertThat(read(references, hypotheses)).isEqualTo(EXPECTED);
    }

    @Test
    void withoutBlankLinesEachReferenceIsForOneHypothesis() throws IOException {
        write("r.txt", "r1\nr2\n");
        write("h.txt", "h1\n\n");
        assertThat(read("r.txt", "h.txt"))
                .containsExactly(new ScoredTexts("h1", List.of("r1")), new ScoredTexts("", List.of("r2")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "r.txt|h.txt|a\\n\\nb\\n|h1\\n|h.txt has 1 hypotheses, and|has 2 groups of references. Write one hypothesis",
                "r.txt|h.txt|a\\n\\n\\nb\\n|h1\\nh2\\n|r.txt, line 3: a reference is empty|leave out the group",
                "r.jsonl|h.txt|{\"references\":[]}|h1\\n|r.jsonl, line 1: a reference is empty|Write one",
                "r.jsonl|h.txt|{\"refs\":[]}|h1\\n|r.jsonl, line 1 has no column 'references'|Its columns are 'refs'",
                "r.csv|h.tsv|mr,ref\\nm,a\\n|m\\th\\nn\\th\\n|h.tsv, line 2:|no references for the MR 'n'",
                "r.csv|h.tsv|mr,ref\\nm,a\\nn,b\\n|m\\th\\n|r.csv, line 3: the MR 'n' has no hypothesis|Generate one",
                "r.csv|h.tsv|mr,ref\\nm,a\\n|m\\th\\nm\\tg\\n|h.tsv, line 2: the MR 'm' has a hypothesis already|line 1",
                "r.csv|h.txt|mr,ref\\nm\\n|h1\\n|r.csv, line 2: 1 column, where an MR and a text are expected|Mend",
                "r.csv|h.txt|mr,ref\\n|h1\\n|r.csv has no texts|right file"
            })
    void badInputIsNamedWithItsPlaceAndTheFix(
            String references, String hypotheses, String r, String h, String place, String fix) throws IOException {
        write(references, r.translateEscapes());
        write(hypotheses, h.translateEscapes());
        assertThatThrownBy(() -> read(references, hypotheses))
                .isInstanceOf(BadInputException.class)
                .hasMessageContainingAll(place, fix);
    }

    @Test
    void aFileThatIsNotThereIsNamed() {
        assertThatThrownBy(() -> read("r.txt", "h.txt"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("r.txt does not exist. Check the path");
    }
}
