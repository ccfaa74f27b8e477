package org.erat.textmetric.meteor;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import opennlp.tools.stemmer.snowball.SnowballStemmer;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.erat.data.BadInputException;
import org.erat.data.storage.Storage;
import org.erat.data.text.TextLines;

/**
 * What METEOR knows of English. The files are those of METEOR 1.5's {@code src/edu/cmu/meteor/data} or its {@code data}
 * folder, plain or compressed.
 */
public final class MeteorData {
    private static final String FUNCTION_WORDS = "english.words";
    private static final String SYNSETS = "english.synsets";
    private static final String EXCEPTIONS = "english.exceptions";
    private static final String PARAPHRASES = "paraphrase-en";

    private final Set<String> functionWords;
    private final WordNet wordNet;
    private final Optional<ParaphraseTable> paraphrases;
    private final SnowballStemmer stemmer = new SnowballStemmer(SnowballStemmer.ALGORITHM.ENGLISH);
    private final Map<String, Word> words = new HashMap<>();

    MeteorData(Set<String> functionWords, WordNet wordNet, Optional<ParaphraseTable> paraphrases) {
        this.functionWords = Set.copyOf(functionWords);
        this.wordNet = wordNet;
        this.paraphrases = paraphrases;
    }

    /**
     * Reads the data of a folder: {@code english.words}, {@code english.synsets} and {@code english.exceptions}, and the
     * paraphrases of {@code paraphrase-en} if it is there. Any may end with {@code .gz}.
     *
     * @param vocabulary words of the texts to be scored
     * @throws BadInputException naming the file that is missing or no data of METEOR's
     */
    public static MeteorData read(Configuration hadoop, Path folder, Set<String> vocabulary) {
        Set<String> functionWords = new HashSet<>();
        forEachLine(hadoop, required(hadoop, folder, FUNCTION_WORDS), functionWords::add);
        Map<String, Set<Integer>> synsets = new HashMap<>();
        Path synsetFile = required(hadoop, folder, SYNSETS);
        forEachPair(hadoop, synsetFile, (word, numbers) -> synsets.computeIfAbsent(word, each -> new HashSet<>())
                .addAll(numbers(numbers, synsetFile)));
        Map<String, Set<String>> bases = new HashMap<>();
        forEachPair(hadoop, required(hadoop, folder, EXCEPTIONS), (base, forms) -> split(forms)
                .forEach(form ->
                        bases.computeIfAbsent(form, each -> new HashSet<>()).add(base)));
        ParaphraseTable.Reader paraphrases = new ParaphraseTable.Reader(vocabulary);
        Optional<Path> table = found(hadoop, folder, PARAPHRASES);
        table.ifPresent(file -> forEachLine(hadoop, file, paraphrases));
        return new MeteorData(functionWords, new WordNet(synsets, bases), table.map(file -> paraphrases.table()));
    }

    /** The modules that the data serve. */
    public Set<MatchModule> modules() {
        return paraphrases.isPresent()
                ? EnumSet.allOf(MatchModule.class)
                : EnumSet.of(MatchModule.EXACT, MatchModule.STEM, MatchModule.SYNONYM);
    }

    Optional<ParaphraseTable> paraphrases() {
        return paraphrases;
    }

    /** What is known of each of some words in lower case. */
    List<Word> words(Collection<String> texts) {
        return texts.stream()
                .map(text -> words.computeIfAbsent(
                        text,
                        each -> new Word(
                                each,
                                stemmer.stem(each).toString(),
                                wordNet.synsets(each),
                                functionWords.contains(each))))
                .toList();
    }

    private static Optional<Path> found(Configuration hadoop, Path folder, String name) {
        try {
            Storage storage = Storage.of(folder, hadoop);
            for (String each : List.of(name, name + ".gz")) {
                if (storage.exists(new Path(folder, each))) {
                    return Optional.of(new Path(folder, each));
                }
            }
            return Optional.empty();
        } catch (IOException e) {
            throw new BadInputException(String.format("%s cannot be read: %s", folder, e.getMessage()), e);
        }
    }

    private static Path required(Configuration hadoop, Path folder, String name) {
        return found(hadoop, folder, name)
                .orElseThrow(() -> new BadInputException(String.format(
                        "%s has neither %s nor %s.gz. Copy it there from METEOR 1.5"
                                + " (https://github.com/cmu-mtlab/meteor), or leave out --meteor-data",
                        folder, name, name)));
    }

    private static void forEachLine(Configuration hadoop, Path file, Consumer<String> line) {
        TextLines.forEach(hadoop, file, line);
    }

    /** A word, or another key, is on one line, and what belongs to it on the next. */
    private static void forEachPair(Configuration hadoop, Path file, BiConsumer<String, String> pair) {
        List<String> key = new ArrayList<>();
        TextLines.forEach(hadoop, file, line -> {
            if (key.isEmpty()) {
                key.add(line);
            } else {
                pair.accept(key.remove(0), line);
            }
        });
    }

    private static List<String> split(String line) {
        return line.isBlank() ? List.of() : Arrays.asList(line.strip().split(" +", -1));
    }

    private static Set<Integer> numbers(String line, Path file) {
        try {
            return split(line).stream().map(Integer::valueOf).collect(Collectors.toSet());
        } catch (NumberFormatException e) {
            throw new BadInputException(
                    String.format(
                            "%s is not METEOR's: every second line has the numbers of synsets, and one has '%s'."
                                    + " Copy the file again",
                            file, line),
                    e);
        }
    }
}
