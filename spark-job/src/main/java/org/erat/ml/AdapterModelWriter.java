package org.erat.ml;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.ml.util.DefaultParamsWriter;
import org.apache.spark.ml.util.MLWriter;
import org.erat.evaluation.Evaluation;
import org.erat.export.AdapterFiles;
import org.erat.export.TokenizerFiles;
import scala.Option;

/**
 * Writes a model: {@code metadata} as Spark has it, {@code adapter} in PEFT's format, and {@code evaluation.json} where there
 * is one. The base model is not copied.
 */
final class AdapterModelWriter extends MLWriter {
    static final String ADAPTER = "adapter";

    private final AdapterModel<?> model;

    AdapterModelWriter(AdapterModel<?> model) {
        this.model = model;
    }

    @Override
    public void saveImpl(String path) {
        Configuration hadoop = sc().hadoopConfiguration();
        DefaultParamsWriter.saveMetadata(model, path, sc(), Option.empty(), Option.empty());
        TrainedState state = model.state();
        Path base = new Path(model.base(hadoop).uri());
        AdapterFiles.write(state.adapter(), TokenizerFiles.in(base, hadoop), new Path(path, ADAPTER), hadoop);
        if (state.measured() != null) {
            Path file = new Path(path, Evaluation.FILE);
            try (OutputStream out = file.getFileSystem(hadoop).create(file, true)) {
                out.write(state.measured().getBytes(StandardCharsets.UTF_8));
            } catch (IOException e) {
                throw new UncheckedIOException(file + " cannot be written", e);
            }
        }
    }
}
