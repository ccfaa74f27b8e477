package org.erat.textmetric;

import java.util.List;
import java.util.function.Function;

/**
 * The tokens of a segment.
 *
 * @param hypothesis tokens of the generated text; may be none
 * @param references tokens of each reference
 */
public record TokenizedSegment(List<String> hypothesis, List<List<String>> references) {
    public TokenizedSegment {
        hypothesis = List.copyOf(hypothesis);
        references = references.stream().map(List::copyOf).toList();
    }

    /** Splits all texts of the segments into tokens. */
    public static List<TokenizedSegment> of(List<Segment> segments, Function<String, List<String>> tokenizer) {
        return segments.stream()
                .map(segment -> new TokenizedSegment(
                        tokenizer.apply(segment.hypothesis()),
                        segment.references().stream().map(tokenizer).toList()))
                .toList();
    }
}
