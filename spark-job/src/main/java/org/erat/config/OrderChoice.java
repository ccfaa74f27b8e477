package org.erat.config;

import java.util.List;

/** Which orders of its rows an adapter is measured in, and which are used after that. */
@SuppressWarnings("ImmutableEnumChecker") // The list is never changed.
public enum OrderChoice {
    /** At each rank the order that was measured to be better, as trained or canonical. */
    BEST(RowOrder.TRAINED, RowOrder.CANONICAL),
    TRAINED(RowOrder.TRAINED),
    CANONICAL(RowOrder.CANONICAL),
    DATA_AWARE(RowOrder.DATA_AWARE),
    /** As {@link #BEST}, of all orders. */
    BEST_OF_ALL(RowOrder.values());

    private final List<RowOrder> orders;

    OrderChoice(RowOrder... orders) {
        this.orders = List.of(orders);
    }

    /** Its name in configurations and on the command line. */
    public String key() {
        return ValueType.hyphenated(this);
    }

    /** The orders to choose from, at least one. */
    public List<RowOrder> orders() {
        return orders;
    }
}
