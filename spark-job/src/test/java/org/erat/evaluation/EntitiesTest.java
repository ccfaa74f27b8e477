package org.erat.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Against {@code f1_score} and {@code accuracy_score} of seqeval 1.2.2 in its default mode: the expected values are what it
 * printed for these tags. A slash ends a sentence.
 */
class EntitiesTest {
    // Rounding of a few operations on doubles.
    private static final double ROUNDING = 1e-12;

    /** Sentences of random tags. */
    private static final String RIGHT =
            """
            I-PER I-LOC O B-PER S-LOC B-PER / S-LOC I-LOC / O I-LOC O E-PER / S-PER S-LOC I-PER B-PER E-PER
            B-LOC B-PER S-LOC B-PER O / S-PER S-LOC E-LOC B-LOC E-LOC S-PER B-PER B-PER S-LOC I-LOC / E-LOC
            B-PER B-PER S-PER E-LOC B-PER O S-PER / E-LOC O / E-PER I-LOC I-LOC E-LOC B-PER I-PER E-LOC I-LOC
            S-LOC S-PER I-PER I-LOC / B-LOC I-PER S-LOC O E-LOC S-LOC / E-LOC I-PER B-PER B-LOC / O B-PER E-PER
            I-LOC I-PER S-PER / I-PER B-PER / I-PER S-LOC O E-PER S-LOC B-LOC I-PER S-LOC / S-LOC S-LOC B-LOC
            E-PER E-PER E-PER I-LOC E-PER E-PER / B-PER E-PER B-PER E-PER E-LOC E-PER / B-PER I-LOC / I-PER
            I-LOC B-LOC B-PER I-LOC E-LOC I-LOC B-PER / I-PER S-LOC S-LOC I-PER O O / O S-PER E-PER S-PER / O
            B-LOC E-LOC / I-PER S-LOC I-PER S-LOC S-LOC O E-LOC I-PER O / S-LOC O / S-LOC E-LOC / E-LOC B-LOC /
            E-PER S-PER E-LOC S-LOC S-LOC E-LOC S-LOC E-PER S-LOC / B-PER I-PER B-LOC I-PER S-PER / I-LOC S-LOC
            I-LOC / B-LOC O B-LOC S-LOC E-LOC E-LOC O I-LOC B-LOC S-LOC S-PER S-LOC / E-LOC B-LOC B-PER S-PER O
            I-PER I-LOC B-PER S-PER / I-PER O S-LOC E-PER B-PER I-PER S-PER O I-PER E-PER / S-LOC E-LOC E-PER
            E-LOC / S-LOC S-PER E-PER E-PER B-LOC E-PER I-PER / O B-PER I-LOC / E-LOC / E-LOC O S-PER B-LOC
            B-LOC / B-LOC / S-PER S-LOC E-PER E-PER S-LOC O B-PER S-PER / I-LOC B-LOC E-LOC / S-LOC / S-LOC
            I-PER S-LOC S-LOC O E-PER B-PER O O I-PER B-LOC B-PER
            """;

    /** The same with every fifth tag drawn anew. */
    private static final String FOUND =
            """
            I-PER I-LOC O B-PER S-LOC B-PER / S-LOC I-LOC / O S-PER O E-PER / S-PER S-LOC I-PER B-PER E-PER
            B-LOC B-PER S-LOC B-PER O / S-PER S-LOC I-LOC B-LOC E-LOC S-PER B-PER B-LOC S-LOC I-LOC / E-LOC
            E-LOC B-PER S-PER E-LOC B-PER O S-PER / E-LOC O / S-PER I-LOC I-LOC I-PER B-PER I-PER E-LOC I-LOC
            I-PER S-PER I-PER I-LOC / B-LOC I-PER S-LOC O E-LOC S-LOC / E-LOC I-PER B-PER B-LOC / B-LOC B-PER
            E-PER I-LOC E-LOC S-PER / I-PER B-PER / S-LOC S-LOC O E-PER S-LOC B-LOC I-PER S-LOC / S-LOC S-LOC
            B-LOC E-PER E-PER E-PER I-LOC E-LOC B-LOC / B-PER E-PER O E-PER E-LOC E-PER / B-PER I-LOC / I-PER
            I-LOC B-LOC B-PER I-PER E-LOC I-LOC B-PER / I-PER S-LOC S-LOC I-PER O E-PER / O S-PER E-PER S-PER /
            O S-LOC E-LOC / I-PER S-LOC I-PER S-LOC S-LOC O E-LOC I-PER O / S-LOC O / S-LOC E-LOC / E-LOC B-LOC
            / S-PER E-PER I-PER S-LOC S-LOC E-LOC S-LOC E-PER S-LOC / E-LOC I-PER I-LOC I-PER E-PER / I-LOC
            S-LOC I-LOC / B-PER E-PER B-PER S-LOC E-LOC I-PER O I-LOC B-LOC S-PER S-PER S-LOC / B-PER B-PER
            B-PER S-PER O I-PER I-LOC I-LOC S-PER / S-PER O S-LOC E-PER B-PER I-PER S-PER O I-PER E-PER / S-LOC
            I-LOC E-PER E-LOC / S-LOC S-PER E-PER E-PER B-LOC E-PER I-PER / S-PER B-PER I-LOC / E-LOC / S-LOC O
            S-PER E-PER B-LOC / B-LOC / I-PER S-LOC E-PER E-PER S-LOC O B-PER S-PER / I-LOC B-LOC E-LOC / S-LOC
            / S-LOC I-PER S-LOC S-LOC O E-PER B-PER O O S-LOC B-LOC B-PER
            """;

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                the example of its documentation | O O O B-MISC I-MISC I-MISC O / B-PER I-PER O | O O B-MISC I-MISC I-MISC I-MISC O / B-PER I-PER O | 0.5 | 0.8
                I after O begins an entity | O B-PER I-PER O B-LOC | O I-PER I-PER O I-LOC | 1 | 0.6
                a change of type ends and begins one | B-PER I-PER B-LOC I-LOC O | B-PER I-PER I-LOC I-LOC O | 1 | 0.8
                a change of type inside | B-PER I-PER I-PER O | B-PER I-LOC I-PER O | 0 | 0.75
                B after I begins another of the same type | B-PER I-PER I-PER I-PER | B-PER I-PER B-PER I-PER | 0 | 0.75
                B after B | B-PER B-PER I-PER O B-LOC | B-PER B-PER B-PER O B-LOC | 0.5714285714285715 | 0.8
                nothing to find and nothing found | O O O / O | O O O / O | 0 | 1
                nothing found | O B-PER O | O O O | 0 | 0.6666666666666666
                all found where nothing is | O O | I-PER B-LOC | 0 | 0
                an entity ends with its sentence | O B-PER / I-PER O | O B-PER / O O | 0.6666666666666666 | 0.75
                I at the start of a sentence after an entity | B-PER I-PER / I-PER O | B-PER I-PER / B-PER O | 1 | 0.75
                E ends and S is alone | B-PER I-PER E-PER S-LOC O S-PER S-PER | B-PER E-PER E-PER S-LOC O S-PER S-LOC | 0.4444444444444445 | 0.7142857142857143
                I after E and after S begins | B-PER E-PER B-PER I-PER S-LOC B-LOC O | B-PER E-PER I-PER I-PER S-LOC I-LOC O | 1 | 0.7142857142857143
                E after O, E and S begins | S-PER O S-PER S-PER S-LOC S-LOC | E-PER O E-PER E-PER S-LOC E-LOC | 1 | 0.3333333333333333
                types with a hyphen | B-ORG-1 I-ORG-1 B-ORG-2 O | B-ORG-1 I-ORG-1 I-ORG-2 O | 1 | 0.75
                tags without a type | B I O B | B I I B | 0.5 | 0.75
                the same words and another type | B-PER I-PER O B-LOC | B-ORG I-ORG O B-LOC | 0.5 | 0.5
                the same type and other words | B-PER I-PER I-PER O B-LOC | B-PER I-PER O O B-LOC | 0.5 | 0.8
                parts of speech | NOUN VERB DET NOUN NOUN | NOUN VERB DET NOUN VERB | 0.6666666666666665 | 0.8
                """)
    void valuesAreThoseOfSeqeval(String name, String right, String found, double f1, double accuracy) {
        Predicted.Classes predicted = predicted(right, found);
        assertThat(Metric.ENTITY_F1.of(predicted)).isCloseTo(f1, within(ROUNDING));
        assertThat(Metric.TOKEN_ACCURACY.of(predicted)).isCloseTo(accuracy, within(ROUNDING));
    }

    @Test
    void valuesOfManySentencesAreThoseOfSeqeval() {
        Predicted.Classes predicted = predicted(RIGHT, FOUND);
        assertThat(predicted.starts()).hasSize(41);
        assertThat(Metric.ENTITY_F1.of(predicted)).isCloseTo(0.8387096774193549, within(ROUNDING));
        assertThat(Metric.TOKEN_ACCURACY.of(predicted)).isCloseTo(0.8362831858407079, within(ROUNDING));
    }

    @Test
    void aTaskWithoutAnyLabelledWordIsWorthNothing() {
        Predicted.Classes none = new Predicted.Classes(new int[0], new int[0], new int[] {0, 0}, List.of("O", "B-PER"));
        assertThat(Metric.ENTITY_F1.of(none)).isZero();
        assertThat(Metric.TOKEN_ACCURACY.of(none)).isZero();
        assertThat(Metric.MACRO_F1.of(none)).isZero();
    }

    private static Predicted.Classes predicted(String right, String found) {
        List<String> names = Stream.of(right, found)
                .flatMap(text -> Stream.of(text.split("[/\\s]+")))
                .distinct()
                .toList();
        List<List<String>> sentences = Stream.of(right.split("/"))
                .map(sentence -> List.of(sentence.trim().split("\\s+")))
                .toList();
        int[] starts = new int[sentences.size() + 1];
        for (int i = 0; i < sentences.size(); i++) {
            starts[i + 1] = starts[i] + sentences.get(i).size();
        }
        return new Predicted.Classes(classes(found, names), classes(right, names), starts, names);
    }

    private static int[] classes(String text, List<String> names) {
        return Stream.of(text.trim().split("[/\\s]+")).mapToInt(names::indexOf).toArray();
    }
}
