package org.erat.generation;

import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.erat.data.BadInputException;
import org.erat.data.text.PromptFile;
import org.erat.data.text.TextTokenizer;
import org.erat.data.tokenized.PromptReferences;
import org.erat.data.tokenized.Split;
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
            prompts.add(new Prompt(i, lines.get(i).place(), lines.get(i).text(), tokens.get(i)));
        }
        return prompts;
    }

    /**
     * The prompts of a split, each once, in the order of their first examples.
     *
     * @throws BadInputException if the examples are not prompts with completions, or there are none
     */
    public static List<Prompt> ofDataset(TokenizedDataset data, Split split) {
        return ofReferences(data.references(split), data, split);
    }

    /**
     * The same of references that are read.
     *
     * @param references of {@code data}
     */
    public static List<Prompt> ofReferences(List<PromptReferences> references, TokenizedDataset data, Split split) {
        List<Prompt> prompts = new ArrayList<>();
        for (PromptReferences each : references) {
            String place = data.directory() + "/" + split + ", example " + each.id();
            prompts.add(new Prompt(each.id(), place, each.prompt(), each.tokenIds()));
        }
        if (prompts.isEmpty()) {
            throw new BadInputException(
                    data.directory() + "/" + split + " has no examples. Prepare data with some for " + split + ".");
        }
        return prompts;
    }
}
