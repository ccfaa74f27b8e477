package org.erat.compute.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import org.erat.data.safetensors.Dtype;
import org.junit.jupiter.api.Test;

class IdlePoolsTest {
    private final CountedMemory memory = new CountedMemory();
    private final IdlePools idle = new IdlePools(memory, 2);

    private MemoryPool holding(long bytes) {
        MemoryPool pool = new MemoryPool(memory);
        pool.release(pool.take(bytes));
        return pool;
    }

    @Test
    void thePoolThatBecameIdleLastIsTakenFirst() {
        MemoryPool first = holding(64);
        MemoryPool second = holding(128);
        idle.release(first);
        idle.release(second);
        assertThat(idle.take()).isSameAs(second);
        assertThat(idle.take()).isSameAs(first);
        assertThat(idle.take()).isNotIn(first, second);
    }

    @Test
    void ofTooManyPoolsTheOneThatHasBeenIdleForLongestIsFreed() {
        MemoryPool last = holding(256);
        idle.release(holding(64));
        idle.release(holding(128));
        idle.release(last);
        assertThat(memory.bytes()).isEqualTo(128 + 256);
        assertThat(idle.take()).isSameAs(last);
    }

    @Test
    void allOfThemCanBeFreed() {
        assertThat(idle.free()).isFalse();
        idle.release(holding(64));
        idle.release(holding(128));
        assertThat(idle.free()).isTrue();
        assertThat(memory.bytes()).isZero();
    }

    @Test
    void theMemoryOfATaskGoesToTheNextOneOnceItsTensorsAreClosed() {
        TaskMemory first = new TaskMemory(idle);
        TaskMemory second = new TaskMemory(idle);
        StridedTensor tensor = first.allocate(Dtype.BF16, 4, 8);
        MemoryPool pool = first.pool();
        assertThatIllegalStateException().isThrownBy(first::releasePool).withMessage("1 tensors are not closed");
        tensor.close();
        first.releasePool();
        assertThat(first.hasPool()).isFalse();
        assertThat(second.pool()).isSameAs(pool);
        assertThat(first.pool()).isNotSameAs(pool);
        second.close();
        assertThatIllegalStateException()
                .isThrownBy(() -> second.allocate(Dtype.F32, 1))
                .withMessage("kernels are closed");
    }
}
