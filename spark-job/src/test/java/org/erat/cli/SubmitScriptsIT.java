package org.erat.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** The scripts of {@code submit/} over a spark-submit that only tells what it was given. */
class SubmitScriptsIT {
    private static final Path HOME =
            Path.of(System.getProperty("erat.home")).toAbsolutePath().normalize();

    /** The command of docs/clusters.md and of every schedule. */
    private static final List<String> TRAIN = List.of(
            "train",
            "--conf",
            "conf/glue.conf",
            "--set",
            "model.path=hdfs:///models/bert-base",
            "--set",
            "data.train=hdfs:///data/sst2",
            "--run-dir",
            "hdfs:///runs/sst2");

    @TempDir
    Path spark;

    /** Set for the script beside what this process has. */
    private final Map<String, String> environment = new HashMap<>();

    private record Ended(int code, String output) {}

    @BeforeEach
    void installSpark() throws IOException {
        Files.createDirectories(spark.resolve("bin"));
        Files.createDirectories(spark.resolve("jars"));
        Files.createFile(spark.resolve("jars/spark-kubernetes_2.12-3.5.5.jar"));
        sparkSubmit("printf '%s\\0' \"$@\" >\"$SPARK_HOME/words\"");
    }

    /** What stands in for spark-submit. */
    private void sparkSubmit(String script) throws IOException {
        Path file = spark.resolve("bin/spark-submit");
        Files.writeString(file, "#!/usr/bin/env bash\n" + script + "\n");
        assertThat(file.toFile().setExecutable(true)).isTrue();
    }

    private Ended run(String script, List<String> words) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(HOME.resolve(script).toString()));
        command.addAll(words);
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(HOME.toFile()).redirectErrorStream(true);
        builder.environment().put("SPARK_HOME", spark.toString());
        builder.environment().put("ERAT_RETRY_DELAY", "0");
        builder.environment().putAll(environment);
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Ended(process.waitFor(), output);
    }

    /** What spark-submit was given. */
    private List<String> submitted(String script, String... words) throws IOException, InterruptedException {
        Ended ended = run(script, List.of(words));
        assertThat(ended.code()).as(ended.output()).isZero();
        return List.of(Files.readString(spark.resolve("words")).split("\0"));
    }

    private static String[] with(List<String> before, List<String> after) {
        List<String> all = new ArrayList<>(before);
        all.addAll(after);
        return all.toArray(String[]::new);
    }

    /** The words after the job's jar. */
    private static List<String> ofTheJob(List<String> words) {
        for (int i = 0; i < words.size(); i++) {
            if (words.get(i).endsWith(".jar")) {
                return words.subList(i + 1, words.size());
            }
        }
        throw new AssertionError("no jar in " + words);
    }

    private static List<String> valuesOf(List<String> words, String option) {
        List<String> values = new ArrayList<>();
        for (int i = 0; i + 1 < words.size(); i++) {
            if (words.get(i).equals(option)) {
                values.add(words.get(i + 1));
            }
        }
        return values;
    }

    @Test
    void theJobIsGivenTheSameArgumentsEverywhere() throws IOException, InterruptedException {
        String[] onKubernetes = with(List.of("--master", "k8s://https://127.0.0.1:6443"), TRAIN);
        String[] onStandalone = with(List.of("--master", "spark://127.0.0.1:7077"), TRAIN);
        assertThat(ofTheJob(submitted("submit/yarn", with(List.of(), TRAIN)))).isEqualTo(TRAIN);
        assertThat(ofTheJob(submitted("submit/kubernetes", onKubernetes))).isEqualTo(TRAIN);
        assertThat(ofTheJob(submitted("submit/standalone", onStandalone))).isEqualTo(TRAIN);

        Map<?, ?> application =
                (Map<?, ?>) yaml("submit/container/spark-application.yaml").get("spec");
        assertThat(application.get("arguments")).isEqualTo(TRAIN);
        assertThat(wordsAfter(
                        yaml("submit/schedules/argo-workflow.yaml").toString().split(", "), "train"))
                .containsExactlyElementsOf(TRAIN);
        for (String schedule : List.of("submit/schedules/erat.cron", "submit/schedules/erat.service")) {
            assertThat(Files.readString(HOME.resolve(schedule))).contains(String.join(" ", TRAIN));
        }
        String dag = Files.readString(HOME.resolve("submit/schedules/airflow_dag.py"));
        assertThat(pythonStrings(dag.substring(dag.indexOf("application_args"))))
                .containsExactlyElementsOf(TRAIN);
    }

    private static List<String> wordsAfter(String[] words, String first) {
        List<String> all = Arrays.asList(words);
        int from = all.lastIndexOf(first);
        return all.subList(from, from + TRAIN.size()).stream()
                .map(word -> word.replaceAll("]$", ""))
                .toList();
    }

    /** String literals up to the end of the list; the folder of the project is left out of a path below it. */
    private static List<String> pythonStrings(String text) {
        List<String> strings = new ArrayList<>();
        Matcher literal = Pattern.compile("\"([^\"]*)\"").matcher(text.substring(0, text.indexOf(']')));
        while (literal.find()) {
            strings.add(literal.group(1));
        }
        return strings;
    }

    @Test
    void kubernetesRunsTheImageInClusterModeAndWaitsForIt() throws IOException, InterruptedException {
        List<String> words = submitted("submit/kubernetes", with(List.of("--master", "k8s://https://h:6443"), TRAIN));
        assertThat(valuesOf(words, "--deploy-mode")).containsExactly("cluster");
        assertThat(valuesOf(words, "--master")).containsExactly("k8s://https://h:6443");
        assertThat(words).contains("local:///opt/erat/erat.jar");
        assertThat(valuesOf(words, "--conf"))
                .contains(
                        "spark.kubernetes.container.image=erat-dlora:latest",
                        "spark.kubernetes.submission.waitAppCompletion=true",
                        "spark.serializer=org.apache.spark.serializer.KryoSerializer");
    }

    @Test
    void theManifestHasWhatTheOperatorRequires() throws IOException {
        Map<String, Object> manifest = yaml("submit/container/spark-application.yaml");
        assertThat(manifest)
                .containsEntry("apiVersion", "sparkoperator.k8s.io/v1beta2")
                .containsEntry("kind", "SparkApplication");
        Map<?, ?> spec = (Map<?, ?>) manifest.get("spec");
        assertThat(spec.get("type")).isEqualTo("Java");
        assertThat(spec.get("mode")).isEqualTo("cluster");
        assertThat(spec.get("sparkVersion")).isEqualTo("3.5.5");
        assertThat(spec.get("mainClass")).isEqualTo("org.erat.cli.Main");
        assertThat(spec.get("mainApplicationFile")).isEqualTo("local:///opt/erat/erat.jar");
        assertThat((Map<?, ?>) spec.get("sparkConf"))
                .allSatisfy((key, value) -> assertThat(value).as("%s", key).isInstanceOf(String.class));
        assertThat(((Map<?, ?>) spec.get("driver")).get("memory")).isInstanceOf(String.class);
        assertThat(((Map<?, ?>) spec.get("executor")).get("instances")).isInstanceOf(Integer.class);
        assertThat(((Map<?, ?>) spec.get("restartPolicy")).get("type")).isEqualTo("OnFailure");
    }

    @Test
    void aDriverElsewhereIsSentItsConfigurationAndWhatThatIncludes() throws IOException, InterruptedException {
        List<String> words = submitted(
                "submit/yarn", "--deploy-mode", "cluster", "train", "--conf", "conf/dylora.conf", "--run-dir", "r");
        assertThat(valuesOf(words, "--files")).containsExactly("conf/dylora.conf,conf/glue.conf");
        assertThat(submitted("submit/yarn", with(List.of(), TRAIN))).doesNotContain("--files");
    }

    @Test
    void theProfileGoesBeforeTheProjectsDefaultsAndAfterWhatTheUserSays() throws IOException, InterruptedException {
        Path own = Files.writeString(spark.resolve("own.conf"), "spark.yarn.maxAppAttempts 7\n");
        List<String> words = submitted("submit/yarn", "--properties-file", own.toString(), "train");
        assertThat(valuesOf(words, "--conf"))
                .contains("spark.executor.memoryOverhead=2g", "spark.executor.memory=4g")
                .noneMatch(conf -> conf.startsWith("spark.yarn.maxAppAttempts="));
        assertThat(submitted("submit/erat", "--master", "local[1]", "train"))
                .doesNotContain("spark.executor.memoryOverhead=2g");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"two words", "it's", "\"", "$(touch hacked)", "`touch hacked`", "a;b|c&d>e", "*", "\\", "-x"})
    void noValueEverReachesAShell(String value) throws IOException, InterruptedException {
        String[] command = {"train", "--conf", value, "--set", "model.path=" + value, "--run-dir", value};
        // On YARN a backtick would reach one in cluster mode: it is refused there, which YarnIT shows.
        for (String mode : value.contains("`") ? List.of("client") : List.of("client", "cluster")) {
            List<String> words = submitted(
                    "submit/yarn",
                    with(List.of("--deploy-mode", mode, "--spark-conf", "k=" + value), List.of(command)));
            assertThat(ofTheJob(words)).containsExactly(command);
            assertThat(valuesOf(words, "--conf")).contains("k=" + value);
        }
        assertThat(HOME.resolve("hacked")).doesNotExist();
    }

    /** A program that is found before those of the machine. */
    private Path program(String name, String script) throws IOException {
        Path file = Files.createDirectories(spark.resolve("programs/bin")).resolve(name);
        Files.writeString(file, "#!/usr/bin/env bash\n" + script + "\n");
        assertThat(file.toFile().setExecutable(true)).isTrue();
        environment.put("PATH", file.getParent() + ":" + System.getenv("PATH"));
        return file;
    }

    /** As under cron, by systemd, in many containers; the last one is not installed. */
    @ParameterizedTest
    @ValueSource(strings = {"C", "POSIX", "", "xx_YY.UTF-8"})
    void javaIsStartedInALocaleThatKeepsAllLetters(String locale) throws IOException, InterruptedException {
        sparkSubmit("printf '%s\\0' \"$@\" >\"$SPARK_HOME/words\"; locale charmap >\"$SPARK_HOME/charmap\"");
        environment.put("LC_ALL", locale);
        environment.put("LANG", "");
        environment.put("LC_CTYPE", "");
        String[] command = {"predict", "--run-dir", "runs/käse", "--out", "東京 €.jsonl"};
        assertThat(ofTheJob(submitted("submit/erat", command))).containsExactly(command);
        assertThat(spark.resolve("charmap")).hasContent("UTF-8");
        assertThat(valuesOf(submitted("submit/yarn", command), "--conf"))
                .contains("spark.executorEnv.LC_ALL=C.UTF-8", "spark.yarn.appMasterEnv.LC_ALL=C.UTF-8");
    }

    @Test
    void withoutAUtf8LocaleOnlyAsciiIsTaken() throws IOException, InterruptedException {
        program("locale", "[[ ${1:-} != charmap ]] || echo ANSI_X3.4-1968");
        Ended ended = run("submit/erat", List.of("predict", "--run-dir", "runs/käse"));
        assertThat(ended.output()).contains("error: 'runs/käse' is not ASCII", "no UTF-8 locale", "locale-gen");
        assertThat(ended.code()).isEqualTo(2);
        assertThat(ofTheJob(submitted("submit/erat", "predict", "--run-dir", "runs/kase")))
                .containsExactly("predict", "--run-dir", "runs/kase");
    }

    /** On the way to it are processes that may run in another locale. */
    @Test
    void aDriverElsewhereGetsWordsInAscii() throws IOException, InterruptedException {
        String[] command = {"predict", "--run-dir", "hdfs:///runs/käse 1%", "--out", "percent-encoded:x", "a b%41"};
        List<String> words =
                ofTheJob(submitted("submit/yarn", with(List.of("--deploy-mode", "cluster"), List.of(command))));
        assertThat(words)
                .containsExactly(
                        "predict",
                        "--run-dir",
                        "percent-encoded:hdfs:///runs/k%C3%A4se%201%25",
                        "--out",
                        "percent-encoded:percent-encoded:x",
                        "a b%41");
        assertThat(Arguments.decoded(words.toArray(String[]::new))).containsExactly(command);
    }

    @ParameterizedTest
    @CsvSource({
        "17.0.15, ''",
        "21, ''",
        "21.0.2, ''",
        "25.0.1, 25.0.1",
        "11.0.17, 11.0.17",
        "1.8.0_402, 1.8.0_402",
        "170, 170",
        "'', of an unknown version"
    })
    void onlyVersionsOfJavaThatSparkRunsOnAreTaken(String version, String refused)
            throws IOException, InterruptedException {
        Path java = program("java", "echo 'openjdk version \"" + version + "\" 2025-01-01' >&2");
        environment.put("JAVA_HOME", java.getParent().getParent().toString());
        Ended ended = run("submit/erat", List.of("predict"));
        assertThat(ended.code()).as(ended.output()).isEqualTo(refused.isEmpty() ? 0 : 2);
        if (!refused.isEmpty()) {
            assertThat(ended.output().lines())
                    .singleElement()
                    .asString()
                    .startsWith(
                            "error: " + java + " is Java " + refused + ". Spark needs Java 17 or 21: set JAVA_HOME");
        }
    }

    @Test
    void aJavaHomeWithoutJavaIsNamed() throws IOException, InterruptedException {
        environment.put("JAVA_HOME", "/no/such/jdk");
        Ended ended = run("submit/erat", List.of("predict"));
        assertThat(ended.output()).startsWith("error: No Java at /no/such/jdk/bin/java. Install JDK 17 or 21");
        assertThat(ended.code()).isEqualTo(2);
    }

    @Test
    void configurationsThatIncludeEachOtherAreRefusedAsTheDriverRefusesThem() throws IOException, InterruptedException {
        Path a = Files.writeString(spark.resolve("a.conf"), "include \"b\"\nseed = 1\n");
        Path b = Files.writeString(spark.resolve("b.conf"), "include \"a.conf\"\n");
        Ended ended = run(
                "submit/yarn", List.of("--deploy-mode", "cluster", "train", "--conf", a.toString(), "--run-dir", "r"));
        assertThat(ended.output())
                .contains("error: Configuration file " + a + " includes itself: " + a + " > " + b + " > " + a
                        + ". Remove one of these includes.");
        assertThat(ended.code()).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({
        "submit/yarn, yarn, 'error: User application exited with status 4', 1, 4",
        "submit/yarn, yarn, 'Exception: Application finished with failed status', 1, 1",
        "submit/yarn, yarn, 'Application report: SUCCEEDED', 0, 0",
        "submit/kubernetes, k8s://https://h, 'termination reason: Error; exit code: 3', 0, 3",
        "submit/standalone, spark://h:7077, 'State of driver driver-1-2 is FAILED, exiting', 0, 1",
        "submit/standalone, spark://h:7077, 'State of driver driver-1-2 is FINISHED, exiting', 0, 0"
    })
    void inClusterModeTheReportOfTheClusterGivesTheExitCode(
            String script, String master, String report, int status, int expected)
            throws IOException, InterruptedException {
        sparkSubmit("echo '" + report + "' >&2; exit " + status);
        Ended ended = run(script, List.of(with(List.of("--master", master, "--deploy-mode", "cluster"), TRAIN)));
        assertThat(ended.output()).contains(report);
        assertThat(ended.code()).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "2, 1", "3, 1", "4, 1", "1, 4", "5, 21"})
    void retryTriesAgainWhereThatHelpsOnly(int code, int tries) throws IOException, InterruptedException {
        Path counted = spark.resolve("tries");
        Ended ended = run(
                "submit/schedules/retry",
                List.of("bash", "-c", "echo try >>\"$1\"; exit \"$2\"", "count", counted.toString(), "" + code));
        assertThat(ended.code()).isEqualTo(code);
        assertThat(Files.readAllLines(counted)).hasSize(tries);
    }

    @Test
    void everyScheduleTriesAgainAfterOneAndFiveOnly() throws IOException {
        Map<?, ?> workflow =
                (Map<?, ?>) yaml("submit/schedules/argo-workflow.yaml").get("spec");
        Map<?, ?> train = (Map<?, ?>) ((List<?>) workflow.get("templates")).get(0);
        assertThat(((Map<?, ?>) train.get("retryStrategy")).get("expression").toString())
                .contains("asInt(lastRetry.exitCode) in [1, 5]");
        assertThat(Files.readAllLines(HOME.resolve("submit/schedules/erat.service")))
                .contains("Restart=on-failure", "RestartPreventExitStatus=2 3 4");
        assertThat(Files.readString(HOME.resolve("submit/schedules/erat.cron")))
                .contains(" submit/schedules/retry submit/yarn train ");
        assertThat(Files.readString(HOME.resolve("submit/schedules/airflow_dag.py")))
                .contains("Error code is: ([234])", "AirflowFailException");
    }

    @Test
    void pythonReadsTheAirflowDag() throws IOException, InterruptedException {
        String dag = HOME.resolve("submit/schedules/airflow_dag.py").toString();
        assumeThat(tool("python3", "--version")).isZero();
        assertThat(tool("python3", "-c", "import ast, sys; ast.parse(open(sys.argv[1]).read())", dag))
                .isZero();
    }

    @Test
    void systemdAcceptsServiceAndTimer() throws IOException, InterruptedException {
        assumeThat(tool("systemd-analyze", "--version")).isZero();
        // Only what is not on this machine is replaced: the program and the user.
        String service = Files.readString(HOME.resolve("submit/schedules/erat.service"))
                .replace("/opt/erat/submit/yarn", "/bin/true")
                .replaceAll("(?m)^User=.*$", "");
        Path copy = Files.writeString(spark.resolve("erat.service"), service);
        Path timer = Files.copy(HOME.resolve("submit/schedules/erat.timer"), spark.resolve("erat.timer"));
        assertThat(tool("systemd-analyze", "verify", copy.toString(), timer.toString()))
                .isZero();
    }

    /** The exit code of a tool that may not be installed. */
    private static int tool(String... command) throws IOException, InterruptedException {
        String[] found = {"bash", "-c", "command -v \"$1\" && \"$@\"", "tool"};
        List<String> words = new ArrayList<>(List.of(found));
        words.addAll(List.of(command));
        Process process = new ProcessBuilder(words)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        return process.waitFor();
    }

    private static Map<String, Object> yaml(String file) throws IOException {
        return new Yaml(new SafeConstructor(new LoaderOptions())).load(Files.readString(HOME.resolve(file)));
    }
}
