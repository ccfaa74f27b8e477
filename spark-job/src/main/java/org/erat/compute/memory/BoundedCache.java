package org.erat.compute.memory;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import javax.annotation.Nullable;

/** Values by key, of which the one that was not used for longest is discarded when there are too many. */
public final class BoundedCache<K, V> {
    private static final float LOAD = 0.75f;

    private final Map<K, V> values;
    private final Consumer<V> discard;

    /**
     * @param limit values that are kept
     * @param discard frees what a value holds
     */
    public BoundedCache(int limit, Consumer<V> discard) {
        this.discard = discard;
        this.values = new LinkedHashMap<>(16, LOAD, true) {
            private static final long serialVersionUID = 1;

            @Override
            protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
                boolean full = size() > limit;
                if (full) {
                    discard.accept(eldest.getValue());
                }
                return full;
            }
        };
    }

    /** The value of {@code key}, which now was used last; null where there is none. */
    @Nullable
    public V get(K key) {
        return values.get(key);
    }

    /** Sets the value of a key that has none. */
    public void put(K key, V value) {
        values.put(key, value);
    }

    /** How many there are. */
    public int size() {
        return values.size();
    }

    /** Discards all. */
    public void clear() {
        values.values().forEach(discard);
        values.clear();
    }
}
