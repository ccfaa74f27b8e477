package org.erat.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.AbstractThrowableAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.erat.config.ComputeSettings.DeviceChoice;
import org.erat.config.ComputeSettings.Weights;
import org.erat.config.HeadSettings.Pooling;
import org.erat.config.ScheduleConfig.Coupling;
import org.erat.config.ScheduleConfig.Gradient;
import org.erat.config.ScheduleConfig.Granularity;
import org.erat.config.ScheduleConfig.Law;
import org.erat.config.ScheduleConfig.OverDepth;
import org.erat.config.ScheduleConfig.OverTime;
import org.erat.config.ScheduleConfig.Scale;
import org.erat.config.ScheduleConfig.Update;
import org.erat.config.TrainingSettings.Averaging;
import org.erat.config.TrainingSettings.Decay;
import org.erat.config.TrainingSettings.Optimizer;
import org.erat.config.TrainingSettings.OptimizerState;
import org.erat.config.TrainingSettings.Transfer;
import org.erat.data.UsageException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class JobConfigTest {
    private static final String PATHS = "model.path = m\ndata.train = d\n";

    @TempDir
    Path folder;

    @Test
    void defaultsAreThoseOfTheMethod() {
        JobConfig config = parse("");
        assertThat(config)
                .isEqualTo(new JobConfig(
                        Method.LORA,
                        1,
                        new ModelSettings("m"),
                        new DataSettings("d", "d", 0, 0),
                        new AdapterSettings(8, 16, List.of("query", "value"), 0, false, OrderChoice.BEST),
                        new ScheduleConfig(
                                8,
                                8,
                                1,
                                0,
                                1,
                                0,
                                Law.PREFIX_MIXTURE,
                                OverTime.CONSTANT,
                                OverDepth.FLAT,
                                Coupling.INDEPENDENT,
                                Scale.ALPHA_OVER_WIDTH,
                                Update.WINDOW,
                                Gradient.AS_IS,
                                false,
                                Granularity.STEP,
                                16),
                        new TrainingSettings(
                                1,
                                2,
                                32,
                                0,
                                16,
                                4e-4,
                                0.06,
                                Decay.LINEAR,
                                0.01,
                                0.9,
                                0.999,
                                1e-8,
                                1,
                                0,
                                ClassWeights.NONE,
                                Optimizer.ADAMW_ROW_LAZY,
                                OptimizerState.AVERAGE,
                                Transfer.F32,
                                Averaging.ROWS,
                                1,
                                0,
                                new EarlyStoppingSettings(0, 0),
                                0),
                        new HeadSettings(Pooling.MEAN, 0),
                        new PrefixSettings(PrefixSettings.Objective.PSEUDO_MASK, 0.5),
                        new EvaluationSettings(true, false, 64, 0.5, 0, List.of(8)),
                        new CheckpointSettings(10, 2, 1),
                        new ComputeSettings(DeviceChoice.AUTO, 1, Precision.F32, Weights.PACKED, Activations.KEPT),
                        new TrackingSettings("none", "none", "erat-dlora")));
    }

    @Test
    void eratIsAWindowForEachExampleFromTheFullRangeAndAllRowsForThreeQuartersOfThem() {
        assertThat(parse("method = erat").schedule())
                .isEqualTo(new ScheduleConfig(
                        8,
                        1,
                        1,
                        0.5,
                        0.5,
                        0.75,
                        Law.PREFIX_MIXTURE,
                        OverTime.CONSTANT,
                        OverDepth.FLAT,
                        Coupling.INDEPENDENT,
                        Scale.ALPHA_OVER_WIDTH,
                        Update.WINDOW,
                        Gradient.AS_IS,
                        false,
                        Granularity.EXAMPLE,
                        16));
    }

    @Test
    void dyloraIsAPrefixOfOneUniformWidthForTheWholeModel() {
        JobConfig config = parse("method = dylora");
        assertThat(config.schedule())
                .isEqualTo(new ScheduleConfig(
                        8,
                        1,
                        1,
                        0,
                        1,
                        0,
                        Law.PREFIX_MIXTURE,
                        OverTime.CONSTANT,
                        OverDepth.FLAT,
                        Coupling.SHARED_UNIFORM,
                        Scale.ALPHA_OVER_WIDTH,
                        Update.WINDOW,
                        Gradient.AS_IS,
                        true,
                        Granularity.STEP,
                        16));
        assertThat(config.training().optimizer()).isEqualTo(Optimizer.ADAMW_DENSE);
    }

    @Test
    void loraFollowsTheRankItIsGiven() {
        ScheduleConfig schedule = parse("method = lora", "adapter.rank=4").schedule();
        assertThat(schedule.minRank()).isEqualTo(4);
        assertThat(schedule.rank()).isEqualTo(4);
    }

    @Test
    void matryoshkaDiffersFromEratByTheMethodOnly() {
        JobConfig config = parse("method = matryoshka");
        assertThat(config.method()).isEqualTo(Method.MATRYOSHKA);
        assertThat(config.schedule()).isEqualTo(parse("method = erat").schedule());
        assertThat(config.training()).isEqualTo(parse("").training());
        assertThat(parse("method = matryoshka", "schedule.scale=alpha-over-sqrt-width")
                        .schedule()
                        .scale())
                .as("s = 1/√r, which the preset names")
                .isEqualTo(Scale.ALPHA_OVER_SQRT_WIDTH);
    }

    @Test
    void overridesWinOverTheFileAndTheFileOverTheMethod() {
        String file = "method = dylora\nschedule { g0 = 0.25, prefix-share = 0.75 }";
        ScheduleConfig schedule =
                parse(file, "schedule.g0=0.5", "schedule.g0=0.625").schedule();
        assertThat(schedule.g0()).as("the last override").isEqualTo(0.625);
        assertThat(schedule.prefixShare()).as("the file").isEqualTo(0.75);
        assertThat(schedule.overDepth()).as("the method").isEqualTo(OverDepth.FLAT);
        assertThat(schedule.law()).as("the reference").isEqualTo(Law.PREFIX_MIXTURE);
        assertThat(parse(file, "method=lora").schedule().minRank())
                .as("defaults of the overriding method")
                .isEqualTo(8);
    }

    @Test
    void overridesOfOneSectionAddUp() {
        AdapterSettings adapter = parse("", "adapter.rank=4", "adapter={alpha = 8}", "adapter.dropout=0.1")
                .adapter();
        assertThat(adapter)
                .isEqualTo(new AdapterSettings(4, 8, List.of("query", "value"), 0.1, false, OrderChoice.BEST));
    }

    @ParameterizedTest
    @ValueSource(strings = {"value,query", "[value, query]", "query, value , query", "[\"query\", value]"})
    void targetsAreAListOrATextWithCommasInAnyOrder(String targets) {
        assertThat(parse("", "adapter.targets=" + targets).adapter().targets()).containsExactly("query", "value");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "hdfs://name:8020/models/x",
                "/data//twice",
                "C:\\models",
                "s3a://bucket/a=b?c#d",
                "[a",
                "{not hocon",
                "/with space/and, comma",
                "$HOME/x",
                "null"
            })
    void pathsInOverridesAreTakenLiterally(String path) {
        assertThat(parse("", "model.path=" + path).model().path()).isEqualTo(path);
    }

    @Test
    void quotesAndSubstitutionsInOverridesAreHocon() {
        assertThat(parse("", "model.path=\"a b\"").model().path()).isEqualTo("a b");
        assertThat(parse("", "data.validation=${data.train}/held-out").data().validation())
                .isEqualTo("d/held-out");
    }

    @Test
    void numbersMayBeWrittenAnyWay() {
        assertThat(parse("seed = 9223372036854775807").seed()).isEqualTo(Long.MAX_VALUE);
        assertThat(parse("", "training.learning-rate=5E-4").training().learningRate())
                .isEqualTo(5e-4);
        assertThat(parse("adapter.rank = 1.6e1").adapter().rank()).isEqualTo(16);
    }

    @ParameterizedTest
    @CsvSource({
        "adapter.rnak, adapter.rank",
        "rank, adapter.rank",
        "training.learning_rate, training.learning-rate",
        "training.rank, adapter.rank",
        "learningrate, training.learning-rate",
        "adapter.targets.x, adapter.targets",
        "model.pathh, model.path"
    })
    void anUnknownKeyIsNamedWithItsLineAndTheNearestOne(String key, String nearest) {
        fails(() -> parse("seed = 1\n" + key + " = 3"))
                .hasMessageContaining("job.conf: 4: unknown key " + key + ": did you mean " + nearest + "?");
        fails(() -> parse("", key + "=3"))
                .hasMessageContaining("--set " + key + "=3: unknown key " + key + ": did you mean " + nearest + "?");
    }

    @Test
    void aSectionWithoutSettingsIsNamed() {
        fails(() -> parse("checkpoint = 3"))
                .hasMessageContaining("job.conf: 3: checkpoint is a section, not a setting: "
                        + "set checkpoint.every-rounds, checkpoint.keep-best, checkpoint.keep-last");
        fails(() -> parse("compute.backend = nd4j"))
                .hasMessageContaining(
                        "job.conf: 3: compute.backend is now called compute.device, with values of its own");
        fails(() -> parse("rounds {}")).hasMessageContaining("unknown key rounds");
    }

    @Test
    void aValueThatIsNotAllowedIsNamedWithItsRangeAndLine() {
        fails(() -> parse("adapter {\n  rank = 0\n}"))
                .hasMessage("job.conf: 4: adapter.rank = 0 is not allowed: give a whole number, 1..1024");
        fails(() -> parse("", "training.decay=step"))
                .hasMessage("--set training.decay=step: training.decay = step is not allowed: "
                        + "give a choice, linear, cosine, constant");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "adapter.rank = 1.5",
                "adapter.rank = eight",
                "adapter.rank = [8]",
                "adapter.rank {}",
                "adapter.rank = 1e99",
                "seed = 9223372036854775808",
                "adapter.freeze-a = 1",
                "adapter.targets = []",
                "adapter.targets = [query, pooler]",
                "adapter.targets = \"\"",
                "adapter.alpha = NaN",
                "adapter.alpha = Infinity",
                "training.learning-rate = 1e-400",
                "training.decay = Linear",
                "model.path = \" \"",
                "model.path = null"
            })
    void valuesOfAnotherTypeAreRefused(String line) {
        String key = line.substring(0, line.indexOf(' '));
        fails(() -> parse(line)).hasMessageContaining(key);
    }

    @Test
    void aMissingPathSaysHowToGiveIt() {
        fails(() -> JobConfig.parse("data.train = d", "job.conf", List.of()))
                .hasMessage("model.path is not set: give it (text, not empty) in the configuration file or with "
                        + "--set model.path=…");
    }

    @Test
    void settingsThatContradictOneAnotherAreRefused() {
        fails(() -> parse("schedule.min-rank = 9"))
                .hasMessage("job.conf: 3: schedule.min-rank = 9 is above adapter.rank = 8: "
                        + "lower it or raise adapter.rank");
        fails(() -> parse("data.train-limit = 3\ntraining.shards = 4"))
                .hasMessageContaining("job.conf: 3: data.train-limit = 3 is below training.shards = 4");
        fails(() -> parse("compute { precision = bf16, device = nd4j }"))
                .hasMessageContaining("compute.precision = bf16 is not to be had from compute.device = nd4j");
        fails(() -> parse("compute { precision = tf32, device = nd4j }"))
                .hasMessageContaining("compute.precision = tf32 is not to be had from compute.device = nd4j");
    }

    @Test
    void averagingOfProductsNeedsAPlainOuterStepAndAnAThatLearns() {
        assertThat(parse("training.averaging = product").training().averaging()).isEqualTo(Averaging.PRODUCT);
        for (String outer : List.of("outer-learning-rate = 0.7", "outer-momentum = 0.9")) {
            fails(() -> parse("training { averaging = product, " + outer + " }"))
                    .hasMessageContaining("job.conf: 3: training.averaging = product is not possible with")
                    .hasMessageContaining("set training.outer-learning-rate = 1 and training.outer-momentum = 0");
        }
        fails(() -> parse("training.averaging = product\ntraining.transfer = int8"))
                .hasMessageContaining(
                        "job.conf: 3: training.averaging = product is not possible with training.transfer = int8")
                .hasMessageContaining("set training.transfer = f32");
        fails(() -> parse("training.transfer = bf16\nadapter.freeze-a = true"))
                .hasMessageContaining(
                        "job.conf: 3: training.transfer = bf16 is not possible with adapter.freeze-a = true")
                .hasMessageContaining("set training.transfer = f32");
        fails(() -> parse("training.averaging = product\nadapter.freeze-a = true"))
                .hasMessageContaining("job.conf: 3: training.averaging = product is not possible with adapter.freeze-a")
                .hasMessageContaining("set training.averaging = rows");
    }

    @ParameterizedTest
    @EnumSource(DeviceChoice.class)
    void doublePrecisionCanBeHadOnEveryDevice(DeviceChoice device) {
        ComputeSettings compute = parse("compute.precision = f64", "compute.device=" + ValueType.hyphenated(device))
                .compute();
        assertThat(compute.precision()).isEqualTo(Precision.F64);
        assertThat(compute.device()).isEqualTo(device);
    }

    @Test
    void aFileThatIsNotThereOrNotHoconIsNamed() throws IOException {
        fails(() -> JobConfig.load(folder.resolve("absent.conf"), List.of())).hasMessageContaining("absent.conf");
        Path broken = Files.writeString(folder.resolve("broken.conf"), "adapter {\n rank = 8\n");
        fails(() -> JobConfig.load(broken, List.of())).hasMessageContaining("broken.conf: 3");
        Path including = Files.writeString(folder.resolve("including.conf"), "include required(\"absent.conf\")");
        fails(() -> JobConfig.load(including, List.of())).hasMessageContaining("absent.conf");
        fails(() -> parse("model.path = ${nowhere.to.be.found}")).hasMessageContaining("nowhere.to.be.found");
    }

    @Test
    void anOverrideWithoutKeyOrEqualsSignIsNamed() {
        fails(() -> parse("", "adapter.rank")).hasMessageContaining("--set adapter.rank has no key or no '='");
        fails(() -> parse("", "=8")).hasMessageContaining("--set =8");
        fails(() -> parse("", "a..b=8")).hasMessageContaining("a..b is not a key");
    }

    @Test
    void includedFilesAreFoundBesideTheFile() throws IOException {
        Files.writeString(folder.resolve("base.conf"), PATHS + "adapter.rank = 4");
        Path file = Files.writeString(folder.resolve("job.conf"), "include required(\"base.conf\")\nseed = 7");
        JobConfig config = JobConfig.load(file, List.of());
        assertThat(config.adapter().rank()).isEqualTo(4);
        assertThat(config.seed()).isEqualTo(7);
    }

    @ParameterizedTest
    @EnumSource(Method.class)
    void theRenderedConfigurationLoadsBackEqual(Method method) {
        JobConfig config = parse(
                "method = " + ValueType.hyphenated(method),
                "seed=-5",
                "model.path=hdfs://name:8020/a \"b\" \\ ${c} // é",
                "adapter.targets=output,key",
                "adapter.rank=6",
                "training.learning-rate=3.3333333333333335E-5",
                "schedule.granularity=example");
        String rendered = config.render();
        assertThat(JobConfig.parse(rendered, "rendered", List.of())).isEqualTo(config);
        List<String> keys = new ArrayList<>();
        rendered.lines().forEach(line -> keys.add(line.substring(0, line.indexOf(" = "))));
        assertThat(keys)
                .isSorted()
                .containsExactlyElementsOf(KeysTest.keys().stream().sorted().toList());
    }

    @Test
    void theFingerprintChangesWithWhatTheAdapterDependsOnAndNothingElse() {
        String fingerprint = parse("").fingerprint();
        assertThat(fingerprint)
                .hasSize(64)
                .isEqualTo(parse("", "adapter.rank=8").fingerprint());
        for (String irrelevant : List.of(
                "data.validation=other",
                "data.validation-limit=10",
                "evaluation.suffixes=true",
                "evaluation.batch-size=3",
                "checkpoint.keep-last=9",
                "checkpoint.every-rounds=1")) {
            assertThat(parse("", irrelevant).fingerprint()).as(irrelevant).isEqualTo(fingerprint);
        }
        assertThat(parse("", "training.rollbacks=1", "checkpoint.every-rounds=1")
                        .fingerprint())
                .as("a run that may go back to a checkpoint")
                .isNotEqualTo(parse("", "training.rollbacks=1").fingerprint());
        for (String ofTheBestRound : List.of(
                "data.validation=other",
                "data.validation-limit=10",
                "evaluation.batch-size=3",
                "evaluation.ranks=4",
                "adapter.order=trained",
                "training.early-stopping.patience=2")) {
            assertThat(parse("", "evaluation.every-rounds=2", ofTheBestRound).fingerprint())
                    .as("a run that leaves the best of its rounds, " + ofTheBestRound)
                    .isNotEqualTo(parse("", "evaluation.every-rounds=2").fingerprint());
        }
        for (String relevant : List.of(
                "seed=2",
                "evaluation.every-rounds=2",
                "training.shards=3",
                "compute.threads=2",
                "schedule.g0=0.4",
                "data.train-limit=9",
                "method=matryoshka",
                "compute.precision=f64")) {
            assertThat(parse("", relevant).fingerprint()).as(relevant).isNotEqualTo(fingerprint);
        }
    }

    @Test
    void evaluationDuringTrainingHasRanksOfTheAdapterAndEarlyStoppingNeedsIt() {
        assertThat(parse("", "adapter.rank=4").evaluation().ranks()).containsExactly(4);
        assertThat(parse("", "evaluation.ranks=\"8, 1, 4, 4\"").evaluation().ranks())
                .containsExactly(1, 4, 8);
        fails(() -> parse("", "adapter.rank=4", "evaluation.ranks=[2, 5]"))
                .hasMessageContaining("evaluation.ranks = [2, 5] is above adapter.rank = 4: name ranks from 1 to 4");
        fails(() -> parse("", "training.early-stopping.patience=3"))
                .hasMessageContaining("without effect where evaluation.every-rounds = 0")
                .hasMessageContaining("set evaluation.every-rounds");
        fails(() -> parse("", "training.early-stopping=3"))
                .hasMessageContaining("training.early-stopping.least-gain, training.early-stopping.patience");
    }

    @Test
    void weightsOfClassesAreNoneBalancedOrAList() {
        assertThat(parse("").training().classWeights().areNone()).isTrue();
        assertThat(parse("", "training.class-weights=balanced").training().classWeights())
                .isEqualTo(ClassWeights.BALANCED);
        JobConfig given = parse("", "training.class-weights=[1, 2.5]");
        assertThat(given.training().classWeights().given()).containsExactly(1.0, 2.5);
        assertThat(JobConfig.parse(given.render(), "rendered", List.of())).isEqualTo(given);
    }

    @Test
    void aMiniBatchIsWorkedInPartsByAdamWOnly() {
        assertThat(parse("").training().examplesAtOnce()).isEqualTo(32);
        assertThat(parse("", "training.micro-batch-size=8").training().examplesAtOnce())
                .isEqualTo(8);
        assertThat(parse("", "training.micro-batch-size=64").training().examplesAtOnce())
                .isEqualTo(32);
        fails(() -> parse("", "training.micro-batch-size=8", "training.optimizer=sgd"))
                .hasMessageContaining("training.micro-batch-size = 8 is not possible with training.optimizer = sgd");
    }

    @Test
    void qualityByLastRowsWithoutThatByFirstRowsIsRefusedAndNotIgnored() {
        fails(() -> parse("", "evaluation.prefixes=false", "evaluation.suffixes=true"))
                .hasMessageContaining("evaluation.suffixes = true is without effect where evaluation.prefixes = false")
                .hasMessageContaining("set both or neither");
        assertThat(parse("", "evaluation.prefixes=false").evaluation().prefixes())
                .isFalse();
    }

    @Test
    void survivesJavaSerialization() throws Exception {
        JobConfig config = parse("");
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(config);
        }
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            assertThat(in.readObject()).isEqualTo(config);
        }
    }

    private static JobConfig parse(String hocon, String... overrides) {
        return JobConfig.parse(PATHS + hocon, "job.conf", List.of(overrides));
    }

    private static AbstractThrowableAssert<?, ?> fails(ThrowingCallable call) {
        return assertThatThrownBy(call).isInstanceOf(UsageException.class);
    }
}
