package org.erat.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.erat.config.Keys;
import org.erat.data.UsageException;
import picocli.CommandLine.Option;

/** The option {@code --set}. */
final class Overrides {
    private static final String COMPUTE = "compute.";

    /** What a label is predicted from on is no part of the adapter either. */
    private static final String THRESHOLD = Keys.EVALUATION_THRESHOLD;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "Value of a configuration key, instead of the file's. May be given many times.")
    private String[] set = {};

    /** Values by key as a configuration takes them, {@code KEY=VALUE}. */
    static List<String> pairs(Map<String, String> byKey) {
        return byKey.entrySet().stream()
                .map(pair -> pair.getKey() + "=" + pair.getValue())
                .toList();
    }

    /** Values by key, in the order given. */
    Map<String, String> byKey() {
        Map<String, String> overrides = new LinkedHashMap<>();
        for (String pair : set) {
            int equals = pair.indexOf('=');
            if (equals < 1) {
                throw new UsageException("--set " + pair + " is not KEY=VALUE. Example: --set adapter.rank=16");
            }
            overrides.put(pair.substring(0, equals).strip(), pair.substring(equals + 1));
        }
        return overrides;
    }

    /**
     * Values by key of a command that can choose anew only what to compute with, and the threshold of labels.
     *
     * @throws UsageException if there are others
     */
    Map<String, String> ofCompute() {
        Map<String, String> overrides = byKey();
        for (String key : overrides.keySet()) {
            if (!key.startsWith(COMPUTE) && !key.equals(THRESHOLD)) {
                throw new UsageException("--set " + key
                        + "=... has no effect on a run that has finished. Only settings of" + " compute, and "
                        + THRESHOLD + ", can be chosen anew, for example --set compute.device=cpu.");
            }
        }
        return overrides;
    }
}
