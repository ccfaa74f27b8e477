package org.erat.data.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.erat.data.BadInputException;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.TaskType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LabelCheckTest {
    private static final TextTask CLASSES =
            TextTask.custom(TextFormat.TSV, true, "t", null, "y", TaskType.CLASSIFICATION);
    private static final TextTask NUMBERS = TextTask.custom(TextFormat.TSV, true, "t", null, "y", TaskType.REGRESSION);

    @Test
    void classesAreSortedAsNumbersIfAllAreNumbersElseAsText() {
        assertThat(names(CLASSES, "10", "9", "-1", "9")).containsExactly("-1", "9", "10");
        assertThat(names(CLASSES, "10", "9", "x")).containsExactly("10", "9", "x");
    }

    @Test
    void labelsOfAKnownTaskBecomeItsClassesInItsOrder() {
        LabelCheck check = new LabelCheck(TextTask.named("rte"), false, false);
        see(check, Split.TRAIN, "not_entailment");

        LabelEncoding encoding = check.encoding();
        assertThat(encoding.names()).containsExactly("entailment", "not_entailment");
        assertThat(encoding.encode(List.of("not_entailment"))).isEqualTo(1);
    }

    @Test
    void classNamesOfAKnownTaskMayDifferFromWhatTheFileSays() {
        LabelEncoding encoding = new LabelCheck(TextTask.named("sst2"), false, false).encoding();

        assertThat(encoding.names()).containsExactly("negative", "positive");
        assertThat(encoding.encode(List.of("1"))).isEqualTo(1);
    }

    @Test
    void aLabelThatIsOnlyInTheValidationFileIsRefusedWithItsPlace() {
        LabelCheck check = new LabelCheck(CLASSES, false, false);
        see(check, Split.TRAIN, "good", "bad");
        see(check, Split.VALIDATION, "bad", "goood");

        assertThatThrownBy(check::encoding)
                .isInstanceOf(BadInputException.class)
                .hasMessage(
                        "file, line 2: label 'goood' is not among those of the training file (did you mean 'good'?)."
                                + " They are bad, good");
    }

    @Test
    void aLabelThatASplitLeftToValidationAloneIsAClass() {
        LabelCheck check = new LabelCheck(CLASSES, true, false);
        see(check, Split.TRAIN, "a");
        see(check, Split.VALIDATION, "b");

        assertThat(check.encoding().names()).containsExactly("a", "b");
    }

    @Test
    void aLabelThatTheTaskDoesNotKnowIsRefusedAtOnce() {
        assertRefused(TextTask.named("sst2"), "2", "file, line 1: label '2' (column 'label') is not one of 0, 1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"good", "Infinity", "1e999", "1f", "0x1p3", "1,5"})
    void whatIsNotAFiniteNumberIsNoRegressionLabel(String label) {
        assertRefused(NUMBERS, label, "file, line 1: label '" + label + "' (column 'y') is not a finite number");
    }

    @ParameterizedTest
    @ValueSource(strings = {"3.25", " 3.25 ", "325e-2", "+3.25"})
    void numbersAreReadAsFloats(String label) {
        LabelCheck check = new LabelCheck(NUMBERS, false, false);
        TextRow row = check.checked(Split.TRAIN, TextRow.of("x", null, label), () -> "file, line 1")
                .orElseThrow();

        assertThat(check.encoding().encode(row.labels())).isEqualTo(3.25f);
        assertThat(check.encoding().names()).isEmpty();
    }

    @Test
    void emptyLabelsOneClassAndThousandsOfClassesAreRefused() {
        assertRefused(CLASSES, " ", "file, line 1: column 'y' has no label; leave out rows without one");
        assertThatThrownBy(() -> names(CLASSES, "a", "a"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("two classes or more");
        String[] ids = java.util.stream.IntStream.rangeClosed(1, ClassNames.MOST + 1)
                .mapToObj(i -> "id" + i)
                .toArray(String[]::new);
        assertThatThrownBy(() -> names(CLASSES, ids))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("file, line 1001: column 'y' has more than 1,000 different labels");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "\u00A0\u3000", "\uFEFF", "NaN", "nan", " NaT ", "null", "NULL"})
    void aLabelThatStandsForNoneIsRefusedInEveryTask(String label) {
        assertRefused(CLASSES, label, "file, line 1: column 'y' has no label");
        assertRefused(NUMBERS, label, "file, line 1: column 'y' has no label");
    }

    @Test
    void whatWasWrittenForNoneIsNamed() {
        assertRefused(CLASSES, "NaN", "file, line 1: column 'y' has no label, 'NaN' stands for none; leave out rows");
    }

    @Test
    void theBlanksOfUnicodeAroundALabelDoNotCount() {
        assertThat(names(CLASSES, "\u00A0good", "good\u3000", "\u200Bgood\uFEFF ", "very\u00A0bad"))
                .containsExactly("good", "very\u00A0bad");
    }

    @Test
    void wholeNumbersWrittenAsFractionsAreTheSameClass() {
        assertThat(names(CLASSES, "1", "1.0", "2.00", "2", "1e1", "10", "-3.0")).containsExactly("-3", "1", "2", "10");
        assertThat(names(CLASSES, "1.5", "1.0", "v1.0", "1.0.0")).containsExactly("1", "1.0.0", "1.5", "v1.0");
    }

    @Test
    void classesAreReportedWithTheirCountsAndWhatIsOddAboutThem() {
        LabelCheck check = new LabelCheck(CLASSES, false, false);
        see(check, Split.TRAIN, "pos", "pos", "pos", "pos", "pos", "pos", "Pos", "neg", "neg", "neg", "neg", "neg");
        see(check, Split.TRAIN, "p os", "neg");
        see(check, Split.VALIDATION, "pos");
        assertThat(check.report())
                .containsExactly(
                        "4 classes in training: neg 6, pos 6, Pos 1, p os 1",
                        "warning: the classes 'Pos', 'p os', 'pos' differ by case, blanks or invisible characters only. If"
                                + " they are one, write them alike",
                        "warning: 2 of the classes have fewer than 5 training examples: Pos 1, p os 1");
        LabelCheck numbers = new LabelCheck(NUMBERS, false, false);
        see(numbers, Split.TRAIN, "1", "2");
        assertThat(numbers.report()).isEmpty();
    }

    @Test
    void classesThatAreOneNumberOrLookAlikeAreReported() {
        assertThat(report("1", "01", "+1", "1.0", "1.5", "1.50", "2", "v1", "v01"))
                .filteredOn(line -> line.contains("write them alike"))
                .containsExactly(
                        "warning: the classes '+1', '01', '1' are the same number. If they are one, write them alike",
                        "warning: the classes '1.5', '1.50' are the same number. If they are one, write them alike");
        assertThat(report("good", "go\u00ADod", "bad"))
                .contains(
                        "warning: the classes 'good', 'go<U+00AD>od' differ by case, blanks or invisible characters only."
                                + " If they are one, write them alike");
    }

    @Test
    void rowsForAModelThatIsTrainedMayLeaveTheirLabelsOut() {
        LabelCheck check = new LabelCheck(TextTask.named("sst2"), false, true);
        assertThatThrownBy(() -> see(check, Split.VALIDATION, ""))
                .isInstanceOf(BadInputException.class)
                .hasMessage(
                        "file, line 1: column 'label' has no label; leave out rows without one, or leave out --label:"
                                + " predict needs none");
        assertThatThrownBy(() -> see(check, Split.VALIDATION, "2"))
                .isInstanceOf(BadInputException.class)
                .hasMessage(
                        "file, line 1: label '2' (column 'label') is not one of 0, 1: mend it, or leave out --label:"
                                + " predict needs none");
        TextTask words = TextTask.tokenClassification(TextFormat.JSONL, "words", "tags");
        LabelCheck perWord = new LabelCheck(words, false, true);
        TextRow row = new TextRow(List.of("a"), List.of(""));
        assertThatThrownBy(() -> perWord.checked(Split.VALIDATION, row, () -> "file, line 1"))
                .isInstanceOf(BadInputException.class)
                .hasMessageEndingWith("every word needs one, or leave out --labels: predict needs none");
    }

    @ParameterizedTest
    @ValueSource(strings = {"N/A", "NA", "None", "<NA>", "#N/A", "nil"})
    void aClassThatMayStandForNoLabelIsReported(String label) {
        assertThat(report(label, "x", label))
                .contains("warning: the class '" + label + "' (2 in training) may be no class. If it stands for no"
                        + " label, leave out its rows");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\u2800", "\u200C", "\u3164", "\u00AD"})
    void aClassWithoutAVisibleCharacterIsReportedByItsCode(String label) {
        String shown = String.format("<U+%04X>", (int) label.charAt(0));
        assertThat(report(label, "x", label))
                .contains(
                        "2 classes in training: " + shown + " 2, x 1",
                        "warning: the class '" + shown + "' (2 in training) has no visible character. If it stands"
                                + " for no label, leave out its rows");
    }

    @Test
    void ordinaryClassesAreNotReported() {
        assertThat(report("nobody", "nation", "1", "2", "-1", "0.5", "👩\u200D🚀"))
                .allSatisfy(line -> assertThat(line).doesNotContain("If they", "If it"));
    }

    private static List<String> report(String... labels) {
        LabelCheck check = new LabelCheck(CLASSES, false, false);
        see(check, Split.TRAIN, labels);
        return check.report();
    }

    private static List<String> names(TextTask task, String... labels) {
        LabelCheck check = new LabelCheck(task, false, false);
        see(check, Split.TRAIN, labels);
        return check.encoding().names();
    }

    private static void assertRefused(TextTask task, String label, String message) {
        assertThatThrownBy(() -> see(new LabelCheck(task, false, false), Split.TRAIN, label))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith(message);
    }

    private static void see(LabelCheck check, Split split, String... labels) {
        for (int i = 0; i < labels.length; i++) {
            int line = i + 1;
            check.checked(split, TextRow.of("x", null, labels[i]), () -> "file, line " + line);
        }
    }
}
