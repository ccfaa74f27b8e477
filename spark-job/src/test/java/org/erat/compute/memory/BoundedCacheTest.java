package org.erat.compute.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BoundedCacheTest {
    private final List<String> discarded = new ArrayList<>();
    private final BoundedCache<Integer, String> cache = new BoundedCache<>(3, discarded::add);

    private void use(int key) {
        if (cache.get(key) == null) {
            cache.put(key, "value " + key);
        }
    }

    @Test
    void aValueIsFoundByItsKey() {
        assertThat(cache.get(1)).isNull();
        use(1);
        use(1);
        assertThat(cache.get(1)).isEqualTo("value 1");
        assertThat(cache.size()).isEqualTo(1);
    }

    @Test
    void theValueThatWasNotUsedForLongestIsDiscarded() {
        use(1);
        use(2);
        use(3);
        use(1);
        use(4);
        assertThat(discarded).containsExactly("value 2");
        use(5);
        assertThat(discarded).containsExactly("value 2", "value 3");
        assertThat(cache.size()).isEqualTo(3);
    }

    @Test
    void clearingDiscardsAll() {
        use(1);
        use(2);
        cache.clear();
        assertThat(discarded).containsExactly("value 1", "value 2");
        assertThat(cache.size()).isZero();
    }
}
