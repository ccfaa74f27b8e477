package org.erat.cli;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.erat.data.storage.Storage;
import org.erat.textmetric.GenerationScores;
import org.erat.textmetric.Segment;
import org.erat.textmetric.meteor.MeteorData;
import picocli.CommandLine.Option;

/** The option {@code --meteor-data} of commands that score generated text. */
final class MeteorOption {
    /**
     * What it says.
     *
     * @param folder of METEOR's data; empty to leave METEOR out
     */
    record Choice(Optional<String> folder) {
        /** Checks the data before long work. */
        void check(Configuration hadoop) {
            folder.ifPresent(named -> MeteorData.read(hadoop, Storage.path(named), Set.of()));
        }

        void sayIfLeftOut(Progress progress) {
            if (folder.isEmpty()) {
                progress.say("METEOR is left out: it needs English word lists, which are not part of this project. Get"
                        + " english.words, english.synsets and english.exceptions from"
                        + " https://github.com/cmu-mtlab/meteor and name their folder with --meteor-data.");
            }
        }

        /** The scores of several systems, for which the data are read once. */
        List<GenerationScores> scores(List<List<Segment>> systems, Configuration hadoop) {
            return folder.map(named -> GenerationScores.of(systems, hadoop, Storage.path(named)))
                    .orElseGet(() -> systems.stream().map(GenerationScores::of).toList());
        }
    }

    @Option(
            names = "--meteor-data",
            paramLabel = "DIR",
            description =
                    "Folder with english.words, english.synsets and english.exceptions of METEOR 1.5, plain or .gz, and"
                            + " paraphrase-en.gz if paraphrases are to match (default: METEOR is left out).")
    private String folder;

    Choice choice() {
        return new Choice(Optional.ofNullable(folder));
    }
}
