package org.erat.cluster;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * A command line of {@code submit/erat} or of another script of {@code submit/}. It may be submitted many times, each
 * time in a process of its own.
 */
public final class Submission {
    /** Drivers and executors are started all the time: they should start quickly rather than run fast. */
    private static final String QUICK_START = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC";

    private final List<String> command;
    private final Map<String, String> environment = new HashMap<>();
    private final List<String> options = new ArrayList<>();
    private String script = "submit/erat";
    private UnaryOperator<List<String>> wrapper = UnaryOperator.identity();

    private Submission(List<String> command) {
        this.command = new ArrayList<>(command);
        // Small enough that several applications run side by side.
        spark("spark.driver.memory", "1g");
        spark("spark.executor.memory", "1g");
        spark("spark.executor.extraJavaOptions", QUICK_START);
        spark("spark.ui.enabled", "false");
        environment("SPARK_SUBMIT_OPTS", QUICK_START);
    }

    /** A command of the job with its arguments, each as text. */
    public static Submission of(Object... command) {
        return new Submission(List.of(command).stream().map(Object::toString).toList());
    }

    /** Another script than {@code submit/erat}, relative to the project. */
    public Submission script(String relative) {
        script = relative;
        return this;
    }

    public Submission master(String master) {
        return options("--master", master);
    }

    /** Options before the command. */
    public Submission options(String... more) {
        options.addAll(List.of(more));
        return this;
    }

    public Submission spark(String property, String value) {
        return options("--spark-conf", property + "=" + value);
    }

    /** Arguments at the end of the command. */
    public Submission arguments(String... more) {
        command.addAll(List.of(more));
        return this;
    }

    /** A setting of the job: {@code KEY=VALUE}. */
    public Submission set(String setting) {
        return arguments("--set", setting);
    }

    public Submission environment(String name, String value) {
        environment.put(name, value);
        return this;
    }

    /**
     * Takes the job's jar and the classes of these tests from where they are built. By default Spark sends the jar, and
     * each executor has a copy.
     */
    public Submission withTestClasses() {
        return options("--jar", "spark-internal")
                .spark("spark.driver.extraClassPath", Checkout.classPath())
                .spark("spark.executor.extraClassPath", Checkout.classPath());
    }

    /** Runs the command by another one. */
    public Submission runBy(UnaryOperator<List<String>> other) {
        wrapper = other;
        return this;
    }

    /** Starts the command. In client mode its process is the driver. */
    public ChildProcess start() {
        List<String> words = new ArrayList<>(List.of(Checkout.file(script).toString()));
        words.addAll(options);
        words.addAll(command);
        return ChildProcess.start("output", Scratch.folder("submission"), environment, wrapper.apply(words));
    }

    /** Runs the command to its end. */
    public ChildProcess run() {
        try (ChildProcess process = start()) {
            process.exitCode();
            return process;
        }
    }
}
