package org.erat.generation;

import java.io.Serializable;
import java.util.List;
import java.util.function.Function;
import javax.annotation.Nullable;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.erat.config.ComputeSettings;
import org.erat.data.text.TextTokenizer;
import org.erat.inference.Selection;
import org.erat.model.BaseModel;

/** A model that completes prompts, and its tokenizer. Tasks get both. */
public record TextModel(GeneratingModel model, TextTokenizer tokenizer) implements Serializable {
    /**
     * A base model, with an adapter or without.
     *
     * @param selection rows of an adapter on {@code base}; null for no adapter
     * @throws org.erat.data.BadInputException if its files cannot be used, or it generates no text
     * @throws org.erat.data.UsageException if the adapter is no language model's
     */
    public static TextModel read(
            Configuration hadoop, BaseModel base, @Nullable Selection selection, ComputeSettings compute) {
        GeneratingModel.requireTexts(base, selection);
        TextTokenizer tokenizer = TextTokenizer.read(
                hadoop, new Path(base.uri()), base.architecture().vocabulary());
        try (TextTokenizer.Opened opened = tokenizer.open()) {
            SpecialTokens tokens = SpecialTokens.of(hadoop, base, opened);
            return new TextModel(GeneratingModel.of(base, selection, tokens, compute), tokenizer);
        }
    }

    /** Prompts that are formed with the tokenizer. */
    public List<Prompt> prompts(Function<TextTokenizer.Opened, List<Prompt>> of) {
        try (TextTokenizer.Opened opened = tokenizer.open()) {
            return of.apply(opened);
        }
    }

    /** The same with other rows of the adapter. */
    public TextModel with(Selection selection) {
        return new TextModel(model.with(selection), tokenizer);
    }
}
