package org.erat.data.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Optional;
import org.erat.data.BadInputException;
import org.erat.data.UsageException;
import org.erat.data.tokenized.Split;
import org.erat.data.tokenized.TaskType;
import org.junit.jupiter.api.Test;

/** Rows with any number of labels. */
class MultiLabelDataTest {
    private static TextTask task(TextFormat format, String separator) {
        return TextTask.multiLabel(format, true, "text", null, "labels", Optional.ofNullable(separator));
    }

    private static LabelCheck checked(String[]... labels) {
        LabelCheck check = new LabelCheck(task(TextFormat.JSONL, null), true, false);
        for (String[] each : labels) {
            check.checked(Split.TRAIN, TextRow.ofLabelSet("a text", null, List.of(each)), () -> "file, line 1");
        }
        return check;
    }

    @Test
    void classesAreTheDistinctLabelsOfAllRowsAndRowsMayHaveNone() {
        LabelCheck check = checked(new String[] {"joy", " fear "}, new String[] {}, new String[] {"anger", "joy"});
        LabelEncoding encoding = check.encoding();
        assertThat(encoding.names()).containsExactly("anger", "fear", "joy");
        assertThat((int[]) encoding.encode(List.of("joy", "anger", "joy"))).containsExactly(0, 2);
        assertThat((int[]) encoding.encode(List.of())).isEmpty();
        assertThat(check.report()).anyMatch(line -> line.contains("3 classes in training: joy 2"));
    }

    @Test
    void aLabelThatIsMissingInASetIsRefused() {
        assertThatThrownBy(() -> checked(new String[] {"joy", "NaN"}))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("file, line 1: label 2 in 'labels' is missing, 'NaN' stands for none")
                .hasMessageContaining("An example without labels has an empty one");
    }

    @Test
    void aCellIsDividedAtTheSeparatorAndABlankOneHasNoLabels() {
        TextColumns.OfLabelSet commas =
                (TextColumns.OfLabelSet) task(TextFormat.CSV, null).columns();
        assertThat(commas.split("joy,fear")).containsExactly("joy", "fear");
        assertThat(commas.split("  ")).isEmpty();
        TextColumns.OfLabelSet bars =
                (TextColumns.OfLabelSet) task(TextFormat.TSV, "|").columns();
        assertThat(bars.split("joy|fear, great|anger")).containsExactly("joy", "fear, great", "anger");
    }

    @Test
    void separatorsAreForFormatsWithoutLists() {
        assertThatThrownBy(() -> task(TextFormat.JSONL, "|"))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("--label-separator is for tsv and csv; jsonl has lists. Leave it out");
        assertThatThrownBy(() -> task(TextFormat.CSV, ""))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("--label-separator is empty");
        assertThat(task(TextFormat.CSV, "|").columns().settings()).containsEntry("label-separator", "|");
    }

    @Test
    void theUsualWayOfNamingColumnsMakesSuchATaskToo() {
        TextTask task =
                TextTask.custom(TextFormat.JSONL, true, "text", null, null, TaskType.MULTI_LABEL_CLASSIFICATION);
        assertThat(task.columns()).isInstanceOf(TextColumns.OfLabelSet.class);
        assertThat(task.labelled()).isFalse();
        assertThat(task.metrics(List.of("a", "b"))).containsExactly("micro-f1", "macro-f1");
    }
}
