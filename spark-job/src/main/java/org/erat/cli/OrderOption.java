package org.erat.cli;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;
import org.erat.config.OrderChoice;
import org.erat.data.UsageException;
import picocli.CommandLine.Option;

/** The option {@code --order} of commands that use a finished run. */
final class OrderOption {
    @Option(
            names = "--order",
            paramLabel = "O",
            description =
                    "Order of the adapter's rows: trained, canonical, data-aware; best, which is the better of the first"
                            + " two by the run's evaluation.json, or best-of-all (default: adapter.order of the run).")
    private String order;

    Optional<OrderChoice> choice() {
        return Optional.ofNullable(order).map(OrderOption::parse);
    }

    private static OrderChoice parse(String name) {
        return Arrays.stream(OrderChoice.values())
                .filter(choice -> choice.key().equals(name))
                .findFirst()
                .orElseThrow(() -> new UsageException("--order " + name + " is not known. Use one of "
                        + Arrays.stream(OrderChoice.values())
                                .map(OrderChoice::key)
                                .collect(Collectors.joining(", "))
                        + "."));
    }
}
