package org.erat.ml;

import static org.apache.spark.sql.functions.col;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.ml.Model;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.MLWritable;
import org.apache.spark.ml.util.MLWriter;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.erat.config.JobConfig;
import org.erat.config.Keys;
import org.erat.config.RowOrder;
import org.erat.data.UsageException;
import org.erat.data.hub.HubModel;
import org.erat.data.maven.MavenArtifact;
import org.erat.data.text.FrameTokenizer;
import org.erat.data.tokenized.TaskType;
import org.erat.evaluation.Evaluation;
import org.erat.evaluation.RankMetrics;
import org.erat.export.TrainedAdapter;
import org.erat.inference.AdapterUse;
import org.erat.inference.Selection;
import org.erat.inference.ShardInference;
import org.erat.model.BaseModel;

/**
 * A trained adapter on its base model. It predicts with {@link #setRank any of its ranks}; rows go through the executors
 * partition by partition, some mini-batches at a time, and nothing is collected.
 *
 * @param <M> the model itself
 */
public abstract class AdapterModel<M extends AdapterModel<M>> extends Model<M> implements AdapterStage<M>, MLWritable {
    private static final long serialVersionUID = 1L;

    /** Mini-batches of rows that are held at a time, so that some of like length come together. */
    private static final int BATCHES_TOGETHER = 4;

    private final String uid;
    private final TaskType type;
    private final AdapterParams params;
    private final TrainedState state;

    AdapterModel(String uid, TaskType type, TrainedState state) {
        this.uid = uid;
        this.type = type;
        this.state = state;
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

    final TrainedState state() {
        return state;
    }

    /** A model of the same, under a name. */
    abstract M named(String name, TrainedState trained);

    @Override
    public final M copy(ParamMap extra) {
        M copied = copyValues(named(uid, state), extra);
        if (hasParent()) {
            copied.setParent(parent());
        }
        return copied;
    }

    /** The largest rank that can be set. */
    public final int maxRank() {
        return state.adapter().rank();
    }

    /** Names of the classes in the order of their indices; empty of other tasks. */
    public final List<String> labels() {
        return state.adapter().labelNames();
    }

    /** Whether {@link #summary} has something to say: a model that was loaded has not. */
    public final boolean hasSummary() {
        return state.summary() != null;
    }

    /**
     * What the fit has done.
     *
     * @throws UsageException if this model was loaded
     */
    public final AdapterSummary summary() {
        AdapterSummary summary = state.summary();
        if (summary == null) {
            throw new UsageException(
                    uid + " was loaded, and the summary of its training is not saved with a model. The run"
                            + " directory has it.");
        }
        return summary;
    }

    /**
     * Metrics by rank, one row for each order of the adapter's rows and each rank that was measured: {@code order},
     * {@code rank}, a column for each metric, and {@code recommended}.
     *
     * @throws UsageException if none were measured
     */
    public final Dataset<Row> qualityByRank() {
        Evaluation evaluation = state.evaluation()
                .orElseThrow(() -> new UsageException(
                        uid + " has no metrics by rank: it was trained with validationFraction 0 or without"
                                + " evaluation.prefixes."));
        Set<String> metrics = new LinkedHashSet<>();
        evaluation
                .prefixes()
                .values()
                .forEach(ranks ->
                        ranks.forEach(each -> metrics.addAll(each.metrics().keySet())));
        StructType schema =
                new StructType().add("order", DataTypes.StringType, false).add("rank", DataTypes.IntegerType, false);
        for (String metric : metrics) {
            schema = schema.add(metric, DataTypes.DoubleType, true);
        }
        schema = schema.add("recommended", DataTypes.BooleanType, false);
        List<Row> rows = new ArrayList<>();
        evaluation.prefixes().forEach((order, ranks) -> {
            for (RankMetrics each : ranks) {
                List<Object> values = new ArrayList<>(List.of(order.key(), each.rank()));
                metrics.forEach(metric -> values.add(each.metrics().get(metric)));
                values.add(evaluation
                        .recommended()
                        .filter(choice -> choice.order() == order && choice.rank() == each.rank())
                        .isPresent());
                rows.add(RowFactory.create(values.toArray()));
            }
        });
        return SparkSession.active().createDataFrame(rows, schema);
    }

    @Override
    public final StructType transformSchema(StructType schema) {
        ExampleColumns.of(schema, this, false);
        return new PredictionSchema(this, labels()).after(schema);
    }

    /**
     * Adds the columns of the predictions; lazily, as Spark does.
     *
     * @throws UsageException if a Param or the session does not do; names it and the fix
     * @throws org.erat.data.BadInputException if the base model is not the adapter's
     */
    @Override
    public final Dataset<Row> transform(Dataset<?> dataset) {
        StructType schema = transformSchema(dataset.schema());
        SparkSession spark = dataset.sparkSession();
        SessionCheck.require(spark.sparkContext().getConf());
        RowScorer scorer = scorer(spark, ExampleColumns.of(dataset.schema(), this, false));
        // Reading metadata back from an encoder is not promised, so the columns get it again by name.
        Dataset<Row> scored = dataset.toDF()
                .mapPartitions(
                        (MapPartitionsFunction<Row, Row>) rows -> {
                            RowScorer.Opened opened = scorer.open();
                            return new RowChunks(
                                    rows, scorer.together(), chunk -> widened(chunk, opened), opened::close);
                        },
                        Encoders.row(schema));
        Set<String> added = new HashSet<>();
        new PredictionSchema(this, labels()).fields().forEach(field -> added.add(field.name()));
        return scored.select(Stream.of(schema.fields())
                .map(field -> added.contains(field.name()) ? withMetadata(field) : quoted(field))
                .toArray(Column[]::new));
    }

    private static Column withMetadata(StructField field) {
        return quoted(field).as(field.name(), field.metadata());
    }

    private static Column quoted(StructField field) {
        return col("`" + field.name().replace("`", "``") + "`");
    }

    private static List<Row> widened(List<Row> rows, RowScorer.Opened scorer) {
        List<Object[]> scores = scorer.score(rows);
        List<Row> widened = new ArrayList<>(rows.size());
        for (int i = 0; i < rows.size(); i++) {
            Row row = rows.get(i);
            Object[] values = new Object[row.size() + scores.get(i).length];
            for (int column = 0; column < row.size(); column++) {
                values[column] = row.get(column);
            }
            System.arraycopy(scores.get(i), 0, values, row.size(), scores.get(i).length);
            widened.add(RowFactory.create(values));
        }
        return widened;
    }

    /** What makes the added columns. */
    RowScorer scorer(SparkSession spark, ExampleColumns columns) {
        Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        BaseModel base = base(hadoop);
        JobConfig job = job(base);
        TrainedAdapter adapter = state.adapter().on(base).inOrder(order(job));
        AdapterUse use = new AdapterUse(
                adapter, base.uri(), job.compute(), job.evaluation().batchSize());
        Broadcast<FrameTokenizer> tokenizer = columns.tokenized()
                ? null
                : context.broadcast(
                        FrameTokenizer.read(hadoop, TextRequest.of(this, columns.withClasses(labels()), base)));
        return new LabelScorer(
                columns,
                labels(),
                new LabelScorer.Written(
                        column(params.rawPredictionCol).isPresent(),
                        column(params.probabilityCol).isPresent(),
                        column(params.predictionCol).isPresent(),
                        column(params.predictedLabelCol).isPresent()),
                BATCHES_TOGETHER * use.batchSize(),
                ShardInference.of(spark, use, List.of(Selection.prefix(adapter, rankInUse()))),
                tokenizer);
    }

    /** The rank to predict with. */
    final int rankInUse() {
        state.adapter().requireRank(getRank());
        return getRank();
    }

    /** The base model where it is now. */
    final BaseModel base(Configuration hadoop) {
        String named = getModel();
        return BaseModel.describe(
                MavenArtifact.isArtifact(named) || HubModel.isModel(named)
                        ? state.adapter().base().name()
                        : named,
                hadoop);
    }

    /** What is computed with; the rank in use is no setting of a run. */
    final JobConfig job(BaseModel base) {
        return params.job(this, base.uri(), Map.of(Keys.ADAPTER_RANK, maxRank()), Set.of(Keys.ADAPTER_RANK));
    }

    /** The order of the adapter's rows at the rank in use. */
    final RowOrder order(JobConfig job) {
        Optional<Evaluation> evaluation = state.evaluation();
        return Evaluation.chosen(job.adapter().order(), () -> evaluation, measured -> measured.better(getRank()));
    }

    @Override
    public final MLWriter write() {
        return new AdapterModelWriter(this);
    }
}
