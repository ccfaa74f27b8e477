package org.erat.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.erat.data.BadInputException;
import org.erat.model.BaseModel;
import org.erat.model.TinyBaseModel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A base model on a file system that only those with its key may read. */
class RemoteBaseModelTest {
    @TempDir
    private Path folder;

    private static Configuration hadoop(String key) {
        Configuration hadoop = new Configuration(false);
        hadoop.set(GuardedFileSystem.CLASS_SETTING, GuardedFileSystem.class.getName());
        hadoop.set(GuardedFileSystem.KEY_SETTING, key);
        // Else one that was opened with the key would do.
        hadoop.set("fs.guarded.impl.disable.cache", "true");
        return hadoop;
    }

    @Test
    void aBaseModelIsDescribedWhereverItIs() {
        TinyBaseModel model = TinyBaseModel.write(folder, TinyBaseModel.bert(1));

        BaseModel described =
                BaseModel.describe(GuardedFileSystem.SCHEME + "://" + folder, hadoop(GuardedFileSystem.KEY));

        assertThat(described.uri()).isEqualTo("guarded:" + folder);
        assertThat(described.architecture()).isEqualTo(model.architecture());
        assertThat(described.weightsSha256()).isEqualTo(model.sha256());
    }

    @Test
    void aBaseModelThatCannotBeReadIsNamedWithTheReason() {
        assertThatThrownBy(() -> BaseModel.describe(GuardedFileSystem.SCHEME + "://" + folder, hadoop("no key")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("guarded:" + folder)
                .hasMessageContaining("wrong key");
    }
}
