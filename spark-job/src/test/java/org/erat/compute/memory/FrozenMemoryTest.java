package org.erat.compute.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.erat.data.safetensors.Dtype;
import org.junit.jupiter.api.Test;

class FrozenMemoryTest {
    private final CountedMemory memory = new CountedMemory();
    private final AtomicInteger freed = new AtomicInteger();

    @Test
    void closingATensorFreesItsMemoryOnce() {
        FrozenMemory frozen = new FrozenMemory(freed::incrementAndGet);
        StridedTensor tensor = StridedTensor.over(memory.allocate(64, () -> ""), Dtype.F32, frozen, 2, 8);
        StridedTensor view = tensor.rows(0, 1);
        view.close();
        assertThat(freed).hasValue(0);
        tensor.close();
        tensor.close();
        frozen.free();
        assertThat(freed).hasValue(1);
    }

    @Test
    void memoryThatNothingRefersToIsFreedByTheGarbageCollector() throws InterruptedException {
        CountDownLatch collected = new CountDownLatch(1);
        new FrozenMemory(collected::countDown);
        for (int i = 0; i < 100 && collected.getCount() > 0; i++) {
            System.gc();
            collected.await(100, TimeUnit.MILLISECONDS);
        }
        assertThat(collected.getCount()).isZero();
    }
}
