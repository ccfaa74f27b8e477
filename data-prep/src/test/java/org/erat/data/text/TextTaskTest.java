package org.erat.data.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.erat.data.UsageException;
import org.erat.data.tokenized.TaskType;
import org.junit.jupiter.api.Test;

class TextTaskTest {
    @Test
    void allTasksAreThere() {
        assertThat(TextTask.names())
                .containsExactly(
                        "wordnet",
                        "sst2",
                        "cola",
                        "mrpc",
                        "rte",
                        "stsb",
                        "qnli",
                        "wnli",
                        "mnli",
                        "qqp",
                        "wordnet-definitions",
                        "e2e",
                        "webnlg");
        assertThat(TextTask.named("stsb").type()).isEqualTo(TaskType.REGRESSION);
        assertThat(TextTask.named("mrpc").metrics()).containsExactly("accuracy", "f1");
    }

    @Test
    void anUnknownNameIsAnsweredWithTheNearest() {
        assertThatThrownBy(() -> TextTask.named("sst-2"))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("did you mean 'sst2'?")
                .hasMessageContaining("--format");
        assertThatThrownBy(() -> TextFormat.ofTable("xml"))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("tsv, csv, jsonl or parquet");
        assertThatThrownBy(() -> TextFormat.ofTable("wordnet")).isInstanceOf(UsageException.class);
        assertThatThrownBy(() -> TaskType.of("ranking"))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("classification, regression, token-classification");
    }

    @Test
    void columnsWithoutAHeaderAreNumbers() {
        assertThatThrownBy(() -> TextTask.custom(TextFormat.TSV, false, "text", null, "1", TaskType.CLASSIFICATION))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("Column 'text'")
                .hasMessageContaining("from 0");
        assertThatThrownBy(() -> TextTask.custom(TextFormat.JSONL, false, "0", null, "1", TaskType.CLASSIFICATION))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("--no-header");
    }
}
