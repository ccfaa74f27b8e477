package org.erat.generation;

import java.io.Serializable;
import java.util.Set;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.erat.data.text.EndTokens;
import org.erat.data.text.TextTokenizer;
import org.erat.model.BaseModel;

/**
 * What is special about the tokens of a completion.
 *
 * @param ends tokens at which a model ends a text
 * @param excluded tokens that are never generated
 * @param type token type of a completion
 */
public record SpecialTokens(Set<Integer> ends, Set<Integer> excluded, int type) implements Serializable {
    public SpecialTokens {
        ends = Set.copyOf(ends);
        excluded = Set.copyOf(excluded);
    }

    /**
     * Those of a base model. A decoder ends a text as the transformers library has it, and may generate any token. An
     * encoder ends it with the token that prepare-data puts behind completions, and generates no other special token: they
     * are no text, and a base model without an adapter likes some of them.
     *
     * @throws org.erat.data.BadInputException if no token ends a text
     */
    static SpecialTokens of(Configuration hadoop, BaseModel base, TextTokenizer.Opened tokenizer) {
        boolean encoder = !base.architecture().causal();
        if (!encoder || tokenizer.endToken().isEmpty()) {
            Set<Integer> ends = EndTokens.of(
                    hadoop, new Path(base.uri()), tokenizer, base.architecture().vocabulary());
            return new SpecialTokens(ends, encoder ? others(tokenizer, ends) : Set.of(), 0);
        }
        Set<Integer> ends = Set.of(tokenizer.endToken().getAsInt());
        return new SpecialTokens(ends, others(tokenizer, ends), tokenizer.completionType());
    }

    private static Set<Integer> others(TextTokenizer.Opened tokenizer, Set<Integer> ends) {
        Set<Integer> others = new TreeSet<>(tokenizer.specialTokens());
        others.removeAll(ends);
        return others;
    }
}
