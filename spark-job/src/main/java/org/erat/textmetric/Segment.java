package org.erat.textmetric;

import java.util.List;

/**
 * A generated text and the texts that it is compared with.
 *
 * @param hypothesis the generated text; may be empty
 * @param references what people wrote for the same input: one text or more
 */
public record Segment(String hypothesis, List<String> references) {
    public Segment {
        references = List.copyOf(references);
        if (references.isEmpty()) {
            throw new IllegalArgumentException("no references for '" + hypothesis + "'");
        }
    }
}
