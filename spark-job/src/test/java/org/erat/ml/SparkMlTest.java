package org.erat.ml;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.length;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.split;
import static org.apache.spark.sql.functions.transform;
import static org.apache.spark.sql.functions.when;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.spark.SparkConf;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.evaluation.MulticlassClassificationEvaluator;
import org.apache.spark.ml.feature.IndexToString;
import org.apache.spark.ml.feature.StringIndexer;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.tuning.CrossValidator;
import org.apache.spark.ml.tuning.CrossValidatorModel;
import org.apache.spark.ml.tuning.ParamGridBuilder;
import org.apache.spark.ml.tuning.TrainValidationSplit;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerEvent;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.erat.config.Keys;
import org.erat.config.SettingDescription;
import org.erat.data.UsageException;
import org.erat.data.text.FrameTokenizer;
import org.erat.data.tokenized.TaskType;
import org.erat.job.TinyProject;
import org.erat.model.TinyBaseModel;
import org.erat.monitoring.RoundCompleted;
import org.erat.training.TestSpark;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Estimators and models as people use them in Spark ML, on a tiny base model. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class SparkMlTest {
    @TempDir
    private static Path folder;

    private static SparkSession session;
    private static Dataset<Row> reviews;
    private static AdapterClassifierModel model;

    @BeforeAll
    static void train() {
        session = TestSpark.open("local[2]");
        new TinyProject(folder).writeSources();
        reviews = reviews(session);
        model = classifier().fit(reviews);
    }

    @AfterAll
    static void stop() {
        session.stop();
    }

    /** The rows of the tiny project, those of its validation file marked as such. */
    private static Dataset<Row> reviews(SparkSession spark) {
        return table(spark, "train.tsv", false).unionByName(table(spark, "dev.tsv", true));
    }

    private static Dataset<Row> table(SparkSession spark, String file, boolean validation) {
        return spark.read()
                .option("sep", "\t")
                .option("header", true)
                .csv(folder.resolve("text").resolve(file).toString())
                .withColumn("held_out", lit(validation));
    }

    private static <E extends AdapterEstimator<E, ?>> E small(E estimator) {
        return estimator
                .setModel(folder.resolve("model").toString())
                .setCheckpointDir(folder.resolve("runs").toString())
                .setRank(4)
                .setAlpha(8)
                .setEpochs(2)
                .setShards(2)
                .setBatchSize(4)
                .setLocalSteps(3)
                .setLearningRate(0.02)
                .setMaxLength(16)
                .setValidationIndicatorCol("held_out");
    }

    private static AdapterClassifier classifier() {
        return small(new AdapterClassifier()).setTextCol("sentence").setLabelCol("mood");
    }

    private static float[] parameters(AdapterModel<?> trained) {
        return trained.state().adapter().parameters();
    }

    @Test
    void predictionsHaveTheColumnsOfSparkMlAndAgreeWithOneAnother() {
        Dataset<Row> scored = model.transform(reviews);

        assertThat(scored.columns())
                .containsExactly(
                        "sentence", "mood", "held_out", "rawPrediction", "probability", "prediction", "predictedLabel");
        Dataset<Row> named = new IndexToString()
                .setInputCol("prediction")
                .setOutputCol("by_metadata")
                .transform(scored);
        for (Row row : named.collectAsList()) {
            Vector logits = row.getAs("rawPrediction");
            Vector probabilities = row.getAs("probability");
            int prediction = (int) row.<Double>getAs("prediction").doubleValue();
            double sum = Math.exp(logits.apply(0)) + Math.exp(logits.apply(1));
            // Rounded to a float.
            assertThat(probabilities.apply(0)).isCloseTo(Math.exp(logits.apply(0)) / sum, within(1e-6));
            assertThat(prediction).isEqualTo(logits.argmax());
            assertThat(row.<String>getAs("predictedLabel"))
                    .isEqualTo(List.of("happy", "sad").get(prediction))
                    .isEqualTo(row.getAs("by_metadata"));
        }
    }

    /** The evaluator of the run and Spark's count the same hits at each rank. */
    @Test
    void qualityByRankIsWhatTheModelReachesAtThatRank() {
        Dataset<Row> index = new StringIndexer()
                .setInputCol("mood")
                .setOutputCol("index")
                .setStringOrderType("alphabetAsc")
                .fit(reviews)
                .transform(reviews.where(col("held_out")));
        MulticlassClassificationEvaluator accuracy =
                new MulticlassClassificationEvaluator().setLabelCol("index").setMetricName("accuracy");
        for (int rank = 1; rank <= model.maxRank(); rank++) {
            AdapterClassifierModel atRank = model.copy(ParamMap.empty()).setRank(rank);
            double best = model.qualityByRank()
                    .where(col("rank").equalTo(rank))
                    .agg(org.apache.spark.sql.functions.max("accuracy"))
                    .head()
                    .getDouble(0);

            assertThat(accuracy.evaluate(atRank.transform(index))).isEqualTo(best, within(1e-12));
        }
        assertThat(model.getRank()).isEqualTo(4);
        assertThat(model.qualityByRank().where(col("recommended")).count()).isEqualTo(1);
    }

    @Test
    void aRankThatTheAdapterHasNotIsRefused() {
        assertThatThrownBy(() -> model.copy(ParamMap.empty()).setRank(5).transform(reviews))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("Rank 5 is not in 1..4");
    }

    @Test
    void theOrderAndThePartitionsOfTheRowsDoNotMatter() {
        Dataset<Row> otherwise = reviews.repartition(5).orderBy(col("sentence").desc());
        AdapterClassifierModel again = classifier()
                .setCheckpointDir(folder.resolve("others").toString())
                .fit(otherwise);

        assertThat(parameters(again)).containsExactly(parameters(model));
    }

    @Test
    void theSameFitIsNotMadeTwice() {
        Path run = Path.of(org.apache.hadoop.fs.Path.getPathWithoutSchemeAndAuthority(
                        new org.apache.hadoop.fs.Path(model.summary().runDirectory()))
                .toString());
        var times = TinyProject.timesOf(run);

        AdapterClassifierModel again = classifier().fit(reviews);

        assertThat(again.summary()).isEqualTo(model.summary());
        assertThat(TinyProject.timesOf(run)).isEqualTo(times);
        assertThat(again.summary().rounds()).isEqualTo(TinyProject.ROUNDS);
        assertThat(again.summary().lossByRound()).hasSize(TinyProject.ROUNDS);
        assertThat(again.summary().report()).startsWith("<!DOCTYPE html>");
    }

    @Test
    void savedModelsAndPipelinesPredictTheSameAgain() throws IOException {
        String place = folder.resolve("saved").toString();
        new Pipeline()
                .setStages(new PipelineStage[] {classifier()})
                .write()
                .overwrite()
                .save(place + "-pipeline");
        PipelineModel fitted = Pipeline.load(place + "-pipeline").fit(reviews);
        fitted.write().overwrite().save(place);
        PipelineModel loaded = PipelineModel.load(place);
        AdapterClassifierModel stage = (AdapterClassifierModel) loaded.stages()[0];

        assertThat(loaded.transform(reviews).collectAsList())
                .isEqualTo(fitted.transform(reviews).collectAsList());
        assertThat(parameters(stage)).containsExactly(parameters(model));
        assertThat(stage.qualityByRank().collectAsList())
                .isEqualTo(model.qualityByRank().collectAsList());
        assertThat(stage.labels()).containsExactly("happy", "sad");
        assertThat(stage.hasSummary()).isFalse();
        assertThatThrownBy(stage::summary).hasMessageContaining("was loaded");
    }

    @Test
    void crossValidatorSearchesRanksAndLearningRates() {
        Dataset<Row> indexed = new StringIndexer()
                .setInputCol("mood")
                .setOutputCol("label")
                .fit(reviews)
                .transform(reviews);
        AdapterClassifier classifier = small(new AdapterClassifier())
                .setTextCol("sentence")
                .setEpochs(1)
                .setValidationIndicatorCol("")
                .setValidationFraction(0);
        ParamMap[] grid = new ParamGridBuilder()
                .addGrid(classifier.rank(), new int[] {1, 3})
                .addGrid(classifier.learningRate(), new double[] {1e-6, 0.02})
                .build();
        MulticlassClassificationEvaluator accuracy = new MulticlassClassificationEvaluator().setMetricName("accuracy");
        CrossValidatorModel best = new CrossValidator()
                .setEstimator(classifier)
                .setEvaluator(accuracy)
                .setEstimatorParamMaps(grid)
                .setNumFolds(2)
                .setSeed(1)
                .fit(indexed);

        assertThat(best.avgMetrics()).hasSize(4);
        AdapterClassifierModel chosen = (AdapterClassifierModel) best.bestModel();
        int winner = IntStream.range(0, 4)
                .reduce((a, b) -> best.avgMetrics()[b] > best.avgMetrics()[a] ? b : a)
                .orElseThrow();
        assertThat(chosen.maxRank())
                .isEqualTo(grid[winner].get(classifier.rank()).get());
        assertThat(chosen.getLearningRate())
                .isEqualTo(grid[winner].get(classifier.learningRate()).get());
        // What was searched has not changed.
        assertThat(classifier.getRank()).isEqualTo(4);
        assertThatThrownBy(chosen::qualityByRank).hasMessageContaining("validationFraction 0");

        assertThat(new TrainValidationSplit()
                        .setEstimator(classifier)
                        .setEvaluator(accuracy)
                        .setEstimatorParamMaps(Arrays.copyOf(grid, 2))
                        .setSeed(1)
                        .fit(indexed)
                        .validationMetrics())
                .hasSize(2);
    }

    @Test
    void tokenIdsPredictWhatTheirTextDoes() {
        FrameTokenizer.Request request = new FrameTokenizer.Request(
                folder.resolve("model").toString(),
                TinyBaseModel.VOCABULARY,
                TaskType.CLASSIFICATION,
                List.of("a", "b"),
                false,
                16);
        List<String> texts = reviews.select("sentence")
                .as(org.apache.spark.sql.Encoders.STRING())
                .collectAsList();
        List<Row> rows;
        try (FrameTokenizer.Opened tokenizer = FrameTokenizer.read(
                        session.sparkContext().hadoopConfiguration(), request)
                .open()) {
            rows = tokenizer.tokenized(texts.stream()
                    .map(text -> new FrameTokenizer.Text(List.of(text), List.of()))
                    .toList());
        }
        Dataset<Row> tokens = session.createDataFrame(
                rows.stream()
                        .map(row -> org.apache.spark.sql.RowFactory.create(row.get(1)))
                        .toList(),
                new org.apache.spark.sql.types.StructType().add("ids", "array<int>"));

        assertThat(model.copy(ParamMap.empty())
                        .setTokensCol("ids")
                        .transform(tokens.coalesce(1))
                        .select("probability")
                        .collectAsList())
                .isEqualTo(model.transform(reviews.coalesce(1))
                        .select("probability")
                        .collectAsList());
    }

    @Test
    void everySettingIsAParamThatSaysWhatItIs() {
        AdapterClassifier classifier = new AdapterClassifier();
        for (SettingDescription setting : SettingDescription.all()) {
            if (setting.key().equals(Keys.DATA_TRAIN) || setting.key().equals(Keys.DATA_VALIDATION)) {
                continue;
            }
            assertThat(classifier.getParam(AdapterParams.nameOf(setting.key())).doc())
                    .as(setting.key())
                    .contains("Type: ", "Range: ");
        }
        assertThat(classifier.explainParams()).contains("trainingWarmupShare: ", "learningRate: ");
        assertThat(classifier.getMethod()).isEqualTo("lora");
        assertThat(classifier.getOrDefault(classifier.getParam("scheduleDepthSlope")))
                .isEqualTo(0.0);
        classifier.setMethod("erat");
        assertThat(classifier.getOrDefault(classifier.getParam("scheduleDepthSlope")))
                .isEqualTo(0.5);
        assertThatThrownBy(() -> classifier.setRank(0)).hasMessageContaining("rank");
        assertThatThrownBy(() -> classifier.setMethod("magic")).hasMessageContaining("method");
        assertThat(classifier.copy(ParamMap.empty().put(classifier.rank().w(2))).getRank())
                .isEqualTo(2);
    }

    @Test
    void columnsThatDoNotDoAreNamedWithTheirParam() {
        assertThatThrownBy(() -> classifier().setTextCol("sentense").fit(reviews))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("there is no column 'sentense'")
                .hasMessageContaining("sentence")
                .hasMessageContaining("textCol");
        assertThatThrownBy(() -> classifier().setLabelCol("held_out").fit(reviews))
                .hasMessageContaining("is of type boolean and has to be a string or a number");
        assertThatThrownBy(() -> model.transform(reviews.withColumn("prediction", lit(1))))
                .hasMessageContaining("the column 'prediction' is there already");
        assertThatThrownBy(() -> classifier().setValidationIndicatorCol("").fit(reviews.limit(5)))
                .hasMessageContaining("none of the rows is for validation");
        AdapterClassifier nowhere =
                new AdapterClassifier().setTextCol("sentence").setLabelCol("mood");
        assertThatThrownBy(() -> nowhere.fit(reviews)).hasMessageContaining("set model");
        assertThatThrownBy(() -> nowhere.setModel(folder.resolve("model").toString())
                        .setShards(2)
                        .fit(reviews.withColumn("x", lit(1)).limit(60)))
                .hasMessageContaining("checkpointDir");
    }

    @Test
    void aRegressorPredictsNumbers() {
        Dataset<Row> lengths =
                reviews.withColumn("label", length(col("sentence")).divide(20.0));
        AdapterRegressorModel trained =
                small(new AdapterRegressor()).setTextCol("sentence").fit(lengths);

        List<Row> scored = trained.transform(lengths).collectAsList();
        assertThat(scored).hasSize(TinyProject.TRAINING_EXAMPLES + TinyProject.VALIDATION_EXAMPLES);
        assertThat(scored)
                .allSatisfy(row -> assertThat(row.<Double>getAs("prediction")).isFinite());
        assertThat(trained.qualityByRank().columns()).contains("pearson", "spearman");
        assertThat(trained.params()).noneMatch(param -> param.name().equals("probabilityCol"));
    }

    @Test
    void aTaggerPredictsAClassForEachWord() {
        Dataset<Row> words = reviews.withColumn("words", split(col("sentence"), " "))
                .withColumn("labels", transform(col("words"), word -> when(word.isin("good", "bad"), lit("B-MOOD"))
                        .otherwise(lit("O"))));
        AdapterTaggerModel trained = small(new AdapterTagger()).fit(words);

        for (Row row : trained.transform(words).collectAsList()) {
            int count = row.getList(row.fieldIndex("words")).size();
            List<String> names = row.getList(row.fieldIndex("predictedLabel"));
            List<Double> classes = row.getList(row.fieldIndex("prediction"));
            assertThat(names).hasSize(count);
            for (int word = 0; word < count; word++) {
                assertThat(names.get(word))
                        .isEqualTo(
                                classes.get(word) == null
                                        ? null
                                        : trained.labels().get(classes.get(word).intValue()));
            }
            assertThat(row.getList(row.fieldIndex("probability"))).hasSize(count);
        }
        assertThat(trained.qualityByRank().columns()).contains("entity-f1");
    }

    @Test
    void aLanguageModelCompletesPrompts() {
        TinyBaseModel.writeMasked(folder.resolve("masked"), TinyBaseModel.bert(2));
        Dataset<Row> prompts = reviews.select(
                col("sentence").as("prompt"), concat(lit("the "), col("mood")).as("completion"), col("held_out"));
        AdapterLanguageModelModel trained = small(new AdapterLanguageModel())
                .setModel(folder.resolve("masked").toString())
                .setMaxNewTokens(3)
                .fit(prompts);

        List<Row> completed = trained.transform(prompts.select("prompt")).collectAsList();
        assertThat(completed).hasSize(TinyProject.TRAINING_EXAMPLES + TinyProject.VALIDATION_EXAMPLES);
        assertThat(completed)
                .allSatisfy(row -> assertThat(row.<String>getAs("prediction")).isNotNull());
        assertThat(trained.qualityByRank().columns()).contains("perplexity");
    }

    @Test
    void cancellingTheJobGroupOfTheCallerEndsTheFit() throws Exception {
        CompletableFuture<Void> begun = new CompletableFuture<>();
        SparkListener rounds = new SparkListener() {
            @Override
            public void onOtherEvent(SparkListenerEvent event) {
                if (event instanceof RoundCompleted) {
                    begun.complete(null);
                }
            }
        };
        session.sparkContext().addSparkListener(rounds);
        CompletableFuture<Void> fit = CompletableFuture.runAsync(() -> {
            session.sparkContext().setJobGroup("a search", "of the caller's", true);
            classifier().setEpochs(2000).fit(reviews);
        });
        begun.get(2, TimeUnit.MINUTES);
        // One call may fall between two jobs.
        long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(2);
        while (!fit.isDone() && System.nanoTime() < deadline) {
            session.sparkContext().cancelJobGroup("a search");
            TimeUnit.MILLISECONDS.sleep(20);
        }
        session.sparkContext().removeSparkListener(rounds);

        assertThatThrownBy(() -> fit.get(1, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasStackTraceContaining("cancelled");
    }

    @Test
    void aNullIsRefusedWithItsColumn() {
        assertThatThrownBy(() -> classifier()
                        .fit(reviews.withColumn(
                                "sentence", when(col("held_out"), lit(null)).otherwise(col("sentence")))))
                .hasStackTraceContaining("Column 'sentence' has a null");
    }

    @Test
    void kryoWithoutTheRegistratorsIsRefusedBeforeAnythingRuns() {
        assertThatThrownBy(() -> SessionCheck.require(new SparkConf(false)
                        .set("spark.serializer", "org.apache.spark.serializer.KryoSerializer")
                        .set("spark.kryo.registrator", "org.nd4j.kryo.Nd4jRegistrator")))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("Add org.nd4j.kryo.Nd4jRegistrator,org.erat.data.RecordRegistrator");
        SessionCheck.require(new SparkConf(false));
    }
}
