package org.erat.cli;

import java.util.Optional;
import picocli.CommandLine.Option;

/** The option {@code --model} of commands that use a finished run. */
final class BaseModelOption {
    @Option(
            names = "--model",
            paramLabel = "DIR",
            description = "Base-model directory that the adapter was trained on, where it is not there any more. It is"
                    + " known by its checksum.")
    private String model;

    Optional<String> directory() {
        return Optional.ofNullable(model);
    }
}
