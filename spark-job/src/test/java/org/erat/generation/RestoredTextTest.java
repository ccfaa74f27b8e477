package org.erat.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.apache.hadoop.conf.Configuration;
import org.erat.data.text.TextTokenizer;
import org.erat.model.MiniLm;
import org.erat.textmetric.Mteval13aTokenizer;
import org.junit.jupiter.api.Test;

/**
 * The references of the E2E challenge by way of BERT's uncased tokenizer, in the folder that {@code -Derat.generation} names.
 * What BLEU and NIST see of them has to be what people wrote.
 */
class RestoredTextTest {
    private static final Pattern ROW = Pattern.compile("\"(.*)\",\"(.*)\"");
    private static final int VOCABULARY = 30522;

    /** A text and the meaning representation that it was written for. */
    private record Reference(String mr, String text) {}

    @Test
    void referencesOfE2eComeBackAsTheyAreWritten() throws IOException {
        String folder = System.getProperty("erat.generation");
        assumeTrue(folder != null, "needs -Derat.generation=DIR");
        List<Reference> references = references(Path.of(folder, "e2e", "testset_w_refs.csv.gz"));
        TextTokenizer tokenizer = TextTokenizer.read(
                new Configuration(false),
                new org.apache.hadoop.fs.Path(MiniLm.directory().toString()),
                VOCABULARY);
        int alike = 0;
        try (TextTokenizer.Opened opened = tokenizer.open()) {
            List<int[]> tokens =
                    opened.prompts(references.stream().map(Reference::text).toList());
            for (int i = 0; i < references.size(); i++) {
                Reference reference = references.get(i);
                String restored = opened.completion(reference.mr(), tokens.get(i), tokens.get(i));
                if (Mteval13aTokenizer.tokens(restored).equals(Mteval13aTokenizer.tokens(reference.text()))) {
                    alike++;
                }
            }
        }
        assertThat(references).hasSize(4693);
        // 4,624. Quotes around names and words that the meaning representation has without accents account for the
        // others.
        assertThat((double) alike / references.size()).isGreaterThan(0.985);
    }

    private static List<Reference> references(Path file) throws IOException {
        List<Reference> references = new ArrayList<>();
        try (BufferedReader lines = new BufferedReader(
                new InputStreamReader(new GZIPInputStream(Files.newInputStream(file)), StandardCharsets.UTF_8))) {
            lines.readLine();
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                Matcher row = ROW.matcher(line);
                assertThat(row.matches()).as(line).isTrue();
                references.add(new Reference(
                        row.group(1).replace("\"\"", "\""), row.group(2).replace("\"\"", "\"")));
            }
        }
        return references;
    }
}
