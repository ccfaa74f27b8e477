package org.erat.compute.onednn;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.junit.jupiter.api.Test;

class HostBlockTest {
    @Test
    void blocksAreAlignedToCacheLines() {
        for (long bytes : new long[] {1, 63, 64, 65, 100_000}) {
            HostBlock block = HostBlock.allocate(bytes);
            assertThat(block.address() % 64).isZero();
            assertThat(block.bytes()).isBetween(bytes, bytes + 63);
            block.free();
        }
    }

    @Test
    void onlyValuesOutsideTheHeapInNativeOrderAreUsedInPlace() {
        FloatBuffer direct =
                ByteBuffer.allocateDirect(16).order(ByteOrder.nativeOrder()).asFloatBuffer();
        direct.put(0, new float[] {1, 2, 3, 4}).position(1);
        HostBlock inPlace = HostBlock.of(direct);
        HostBlock copy = HostBlock.of(FloatBuffer.wrap(new float[] {1, 2, 3, 4}, 1, 3));
        direct.put(1, 9);
        assertThat(inPlace.floats().get(0)).isEqualTo(9);
        assertThat(copy.floats().get(0)).isEqualTo(2);
        inPlace.free();
        copy.free();
    }
}
