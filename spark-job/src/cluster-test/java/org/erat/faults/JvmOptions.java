package org.erat.faults;

import java.lang.management.ManagementFactory;
import java.util.List;

/** Options of the Java virtual machines that tests start. */
final class JvmOptions {
    /** What Spark needs on this Java, as the tests themselves were given it. */
    static final List<String> OPENS = ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
            .filter(argument -> argument.startsWith("--add-opens"))
            .toList();

    /** What is started and ended all the time should start quickly rather than run fast. */
    static final List<String> QUICK_START = List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");

    private JvmOptions() {}
}
