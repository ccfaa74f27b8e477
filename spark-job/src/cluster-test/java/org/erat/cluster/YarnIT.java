package org.erat.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.apache.hadoop.fs.FileSystem;
import org.erat.training.TinyProject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The job on YARN, with everything that it reads and writes on HDFS. */
class YarnIT {
    @TempDir
    private Path folder;

    @Test
    void clientMode() throws IOException {
        TinyJob job = TinyJob.prepare(folder);
        try (MiniHadoop hadoop = MiniHadoop.withYarn(folder.resolve("hadoop"), 2);
                FileSystem hdfs = hadoop.fileSystem()) {
            job.copyTo(hdfs);
            job.trainOn(hadoop, "/runs/here")
                    .master("yarn")
                    .spark("spark.yarn.jars", "local:" + Project.sparkHome().resolve("jars/*"))
                    .run()
                    .succeeded();
            hdfs.copyToLocalFile(
                    new org.apache.hadoop.fs.Path("/runs/here/adapter"),
                    new org.apache.hadoop.fs.Path(folder.resolve("fetched").toUri()));
        }
        job.train("one core").master("local[1]").run().succeeded();
        assertThat(TinyProject.bytesOf(folder.resolve("fetched")))
                .containsExactlyInAnyOrderEntriesOf(TinyProject.bytesOf(folder.resolve("one core/adapter")));
    }
}
