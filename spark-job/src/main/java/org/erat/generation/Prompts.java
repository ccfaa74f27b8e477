package org.erat.generation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.erat.data.BadInputException;
import org.erat.data.text.PromptFile;
import org.erat.data.text.TextTokenizer;
import org.erat.data.tokenized.PackedExamples;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.Targets;
import org.erat.data.tokenized.TaskType;
import org.erat.data.tokenized.TokenizedDataset;

/** Where prompts come from. Those of a language model are short, so the driver holds them all. */
public final class Prompts {
    private Prompts() {}

    /**
     * The prompts of a file with a JSON object a line, in its order; ids count from 0.
     *
     * @param column key of the prompts
     * @throws BadInputException naming the line of a prompt that cannot be used
     */
    public static List<Prompt> ofFile(Configuration hadoop, Path file, String column, TextTokenizer.Opened tokenizer) {
        List<PromptFile.Line> lines = PromptFile.read(hadoop, file, column);
        List<int[]> tokens =
                tokenizer.prompts(lines.stream().map(PromptFile.Line::text).toList());
        List<Prompt> prompts = new ArrayList<>(lines.size());
        for (int i = 0; i < lines.size(); i++) {
            prompts.add(new Prompt(i, lines.get(i).place(), tokens.get(i)));
        }
        return prompts;
    }

    /**
     * The prompts of a split: the tokens of each example up to the first one that is to be predicted, or all where none is.
     *
     * @throws BadInputException if the examples are not of language modeling, or there are none
     */
    public static List<Prompt> ofDataset(TokenizedDataset data, Split split) {
        if (data.manifest().type() != TaskType.LANGUAGE_MODELING) {
            throw new BadInputException(data.directory() + " holds examples of "
                    + data.manifest().type() + ", which have no prompts. Name a data set of "
                    + TaskType.LANGUAGE_MODELING + ", or a file of prompts.");
        }
        if (data.examples(split, 0) == 0) {
            throw new BadInputException(
                    data.directory() + "/" + split + " has no examples. Prepare data with some for " + split + ".");
        }
        List<Prompt> prompts = new ArrayList<>();
        for (PackedExamples shard : data.shards(split, 1).collect()) {
            for (int i = 0; i < shard.size(); i++) {
                String place = data.directory() + "/" + split + ", example " + shard.id(i);
                prompts.add(new Prompt(shard.id(i), place, prompt(shard, i)));
            }
        }
        prompts.sort(Comparator.comparingLong(Prompt::id));
        return prompts;
    }

    private static int[] prompt(PackedExamples shard, int example) {
        int[] targets = ((Targets.TokenClasses) shard.target(example)).classes();
        int length = 1;
        while (length < targets.length && targets[length - 1] == Targets.NONE) {
            length++;
        }
        int[] tokens = new int[length];
        Arrays.setAll(tokens, t -> shard.token(example, t));
        return tokens;
    }
}
