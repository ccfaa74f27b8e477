package org.erat.ml;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.function.BiFunction;
import javax.annotation.Nullable;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.MLReader;
import org.erat.evaluation.Evaluation;
import org.erat.export.AdapterFiles;
import scala.Option;

/**
 * Reads what {@link AdapterModelWriter} writes.
 *
 * @param <M> the model
 */
final class AdapterModelReader<M extends AdapterModel<M>> extends MLReader<M> {
    private final Class<M> type;
    private final BiFunction<String, TrainedState, M> make;

    /** @param make makes a model of its uid and what it holds */
    AdapterModelReader(Class<M> type, BiFunction<String, TrainedState, M> make) {
        this.type = type;
        this.make = make;
    }

    @Override
    public M load(String path) {
        Configuration hadoop = sc().hadoopConfiguration();
        DefaultParamsReader.Metadata metadata = DefaultParamsReader.loadMetadata(path, sc(), type.getName());
        TrainedState state = new TrainedState(
                AdapterFiles.read(new Path(path, AdapterModelWriter.ADAPTER), hadoop),
                text(new Path(path, Evaluation.FILE), hadoop),
                null);
        M model = make.apply(metadata.uid(), state);
        metadata.getAndSetParams(model, Option.empty());
        return model;
    }

    @Nullable
    private static String text(Path file, Configuration hadoop) {
        try (InputStream in = file.getFileSystem(hadoop).open(file)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (FileNotFoundException e) {
            // Nothing was measured.
            return null;
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be read", e);
        }
    }
}
