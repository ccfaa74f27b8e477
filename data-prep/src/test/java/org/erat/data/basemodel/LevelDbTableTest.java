package org.erat.data.basemodel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.erat.data.BadInputException;
import org.junit.jupiter.api.Test;

class LevelDbTableTest {
    private static SortedMap<String, byte[]> entries() {
        TreeMap<String, byte[]> entries = new TreeMap<>();
        entries.put("", new byte[] {1, 2, 3});
        for (int i = 0; i < 50; i++) {
            entries.put("encoder/layer_" + i + "/kernel", new byte[] {(byte) i});
        }
        return entries;
    }

    private static void assertRead(byte[] table, Map<String, byte[]> expected) {
        Map<String, ByteBuffer> read = LevelDbTable.entries(table, "index");
        assertThat(read.keySet()).isEqualTo(expected.keySet());
        expected.forEach((key, value) -> assertThat(read.get(key)).isEqualTo(ByteBuffer.wrap(value)));
    }

    @Property(tries = 100)
    void anyEntriesAreReadBackFromAnyBlocks(
            @ForAll @Size(max = 40) Map<String, byte[]> values,
            @ForAll @IntRange(min = 1, max = 20) int entriesPerBlock,
            @ForAll boolean snappy) {
        TreeMap<String, byte[]> entries = new TreeMap<>();
        // Within ASCII the order of Java's strings is the order of bytes that a table has.
        values.forEach((key, value) -> entries.put(key.replaceAll("[^ -~]", "?"), value));
        assertRead(LevelDbTableBuilder.build(entries, entriesPerBlock, snappy), entries);
    }

    @Test
    void aTableOfSeveralBlocksIsRead() {
        assertRead(LevelDbTableBuilder.build(entries(), 7, false), entries());
        assertRead(LevelDbTableBuilder.build(entries(), 7, true), entries());
    }

    @Property(tries = 1000)
    void damageIsRefusedOrHarmless(
            @ForAll @IntRange(max = 100_000) int place, @ForAll byte value, @ForAll boolean snappy) {
        byte[] table = LevelDbTableBuilder.build(entries(), 7, snappy);
        table[place % table.length] = value;
        try {
            // Only bytes that nothing depends on, such as the footer's padding, can change unnoticed.
            assertRead(table, entries());
        } catch (BadInputException e) {
            assertThat(e).hasMessageStartingWith("index: not a usable TensorFlow index");
        }
    }

    @Property(tries = 200)
    void everyTruncationIsRefused(@ForAll @IntRange(max = 999) int permille) {
        byte[] table = LevelDbTableBuilder.build(entries(), 7, false);
        assertThatThrownBy(() -> LevelDbTable.entries(Arrays.copyOf(table, table.length * permille / 1000), "index"))
                .isInstanceOf(BadInputException.class);
    }
}
