package org.erat.model;

import java.util.EnumMap;
import java.util.Map;
import javax.annotation.Nullable;
import org.erat.adapter.LowRankAdapter;
import org.erat.adapter.Target;

/** The adapters of one block for one pass, by the projection that carries them. */
public record BlockAdapters(Map<Target, LowRankAdapter> byTarget) implements AutoCloseable {
    public BlockAdapters {
        Map<Target, LowRankAdapter> copy = new EnumMap<>(Target.class);
        copy.putAll(byTarget);
        byTarget = copy;
    }

    @Nullable
    LowRankAdapter on(Target target) {
        return byTarget.get(target);
    }

    /** Whether some adapter sits on this projection or on an earlier one of the same block. */
    boolean atOrBefore(Target target) {
        return byTarget.keySet().stream().anyMatch(t -> t.compareTo(target) <= 0);
    }

    @Override
    public void close() {
        byTarget.values().forEach(LowRankAdapter::close);
    }
}
