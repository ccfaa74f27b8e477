package org.erat.ml;

import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.SparkSession;
import org.erat.config.JobConfig;
import org.erat.data.tokenized.TaskType;
import org.erat.export.TrainedAdapter;
import org.erat.generation.GenerationSettings;
import org.erat.generation.Strategy;
import org.erat.generation.TextModel;
import org.erat.inference.Selection;
import org.erat.model.BaseModel;

/** Completes prompts. */
public final class AdapterLanguageModelModel extends AdapterModel<AdapterLanguageModelModel>
        implements OfCompletions<AdapterLanguageModelModel> {
    private static final long serialVersionUID = 1L;

    AdapterLanguageModelModel(String uid, TrainedState state) {
        super(uid, TaskType.LANGUAGE_MODELING, state);
    }

    @Override
    AdapterLanguageModelModel named(String name, TrainedState trained) {
        return new AdapterLanguageModelModel(name, trained);
    }

    @Override
    RowScorer scorer(SparkSession spark, ExampleColumns columns) {
        Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        BaseModel base = base(hadoop);
        JobConfig job = job(base);
        TrainedAdapter adapter = state().adapter().on(base).inOrder(order(job));
        TextModel model = TextModel.read(hadoop, base, Selection.prefix(adapter, rankInUse()), job.compute());
        return new CompletionScorer(
                columns,
                JavaSparkContext.fromSparkContext(spark.sparkContext()).broadcast(model),
                new GenerationSettings(
                        getMaxNewTokens(),
                        0,
                        getBeams() == 1 ? new Strategy.Greedy() : new Strategy.Beam(getBeams(), 1)),
                job.evaluation().batchSize(),
                column(predictionCol()).isPresent());
    }

    /** Reads a model that was saved. */
    public static MLReader<AdapterLanguageModelModel> read() {
        return new AdapterModelReader<>(AdapterLanguageModelModel.class, AdapterLanguageModelModel::new);
    }

    /** The model that was saved in a folder. */
    public static AdapterLanguageModelModel load(String path) {
        return read().load(path);
    }
}
