package org.erat.data.tokenized;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.serializer.JavaSerializer;
import org.apache.spark.serializer.KryoSerializer;
import org.apache.spark.serializer.Serializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import scala.reflect.ClassTag$;

class PackedExamplesTest {
    private final PackedExamples examples = new PackedExamplesBuilder(TaskType.REGRESSION)
            .add(7, new int[] {101, 5, 102}, new int[] {0, 0, 0}, Examples.number(1))
            .add(9, new int[] {101, 6, 102, 8, 102}, new int[] {0, 0, 0, 1, 1}, Examples.number(2.5f))
            .build();

    /** Example 4 has three words, of which the second has no token; example 2 has one. */
    private final PackedExamples words = new PackedExamplesBuilder(TaskType.TOKEN_CLASSIFICATION)
            .add(new TokenizedExample(
                    4,
                    new int[] {101, 5, 6, 7, 102},
                    new int[5],
                    Examples.labels(-1, 2, -1, 0, -1),
                    new int[] {1, -1, 3},
                    List.of("a", "b", "c")))
            .add(new TokenizedExample(
                    2, new int[] {101, 8, 102}, new int[3], Examples.labels(-1, 1, -1), new int[] {1}, List.of("d")))
            .build();

    @Test
    void keepsWhatWasAdded() {
        assertHasBoth(examples);
        assertThat(examples.tokenCount()).isEqualTo(8);
    }

    @Test
    void keepsManyMoreThanItStartsWithRoomFor() {
        PackedExamples many = Examples.ofLengths(java.util.stream.IntStream.range(0, 5000)
                .map(i -> 1 + i % 9)
                .boxed()
                .toList());

        assertThat(many.size()).isEqualTo(5000);
        assertThat(many.length(4999)).isEqualTo(1 + 4999 % 9);
        assertThat(many.token(4999, 4)).isEqualTo(4_999_004);
    }

    @Test
    void storesNoTypesWhereAllAreZero() {
        assertThat(Examples.ofLengths(List.of(2, 3)).hasTypes()).isFalse();
        assertThat(Examples.ofLengths(List.of(2, 3)).type(1, 2)).isZero();
        assertThat(examples.hasTypes()).isTrue();
    }

    @Test
    void mergesInTheOrderOfIds() {
        PackedExamples earlier = new PackedExamplesBuilder(TaskType.REGRESSION)
                .add(8, new int[] {3}, new int[] {0}, Examples.number(3))
                .add(1, new int[] {4, 4}, new int[] {0, 0}, Examples.number(4))
                .build();

        PackedExamples merged = PackedExamples.merged(TaskType.REGRESSION, List.of(examples, earlier));

        assertThat(List.of(merged.id(0), merged.id(1), merged.id(2), merged.id(3)))
                .containsExactly(1L, 7L, 8L, 9L);
        assertThat(merged.length(3)).isEqualTo(5);
        assertThat(merged.token(3, 3)).isEqualTo(8);
        assertThat(merged.type(3, 3)).isEqualTo(1);
        assertThat(merged.type(0, 1)).isZero();
        assertThat(numbers(merged)).containsExactly(4, 1, 3, 2.5f);
    }

    @Test
    void mergesWordsWithTheirTokens() {
        PackedExamples other = new PackedExamplesBuilder(TaskType.TOKEN_CLASSIFICATION)
                .add(new TokenizedExample(
                        3,
                        new int[] {101, 9, 102},
                        new int[3],
                        Examples.labels(-1, -1, -1),
                        new int[] {-1, 1},
                        List.of("e", "f")))
                .build();

        PackedExamples merged = PackedExamples.merged(TaskType.TOKEN_CLASSIFICATION, List.of(words, other));

        assertThat(List.of(merged.id(0), merged.id(1), merged.id(2))).containsExactly(2L, 3L, 4L);
        assertThat(merged.words(0)).contains(List.of("d"));
        assertThat(merged.words(2)).contains(List.of("a", "b", "c"));
        assertThat(((Targets.TokenClasses) merged.targets()).classes())
                .containsExactly(-1, 1, -1, -1, -1, -1, -1, 2, -1, 0, -1);
        assertThat(((Targets.TokenClasses) merged.target(2)).classes()).containsExactly(-1, 2, -1, 0, -1);
        assertThat(merged.wordStarts(0)).containsExactly(1);
        assertThat(merged.wordStarts(1)).containsExactly(-1, 1);
        assertThat(merged.wordStarts(2)).containsExactly(1, -1, 3);
    }

    @Test
    void withoutWordStartsAWordStartsAtEachTokenWithATarget() {
        PackedExamples derived = new PackedExamplesBuilder(TaskType.TOKEN_CLASSIFICATION)
                .add(0, new int[] {101, 5, 102}, new int[3], Examples.labels(-1, -1, -1))
                .add(1, new int[] {101, 5, 6, 7, 102}, new int[5], Examples.labels(-1, 2, -1, 0, -1))
                .build();

        assertThat(derived.wordStarts(0)).isEmpty();
        assertThat(derived.wordStarts(1)).containsExactly(1, 3);
        assertThatThrownBy(() -> examples.wordStarts(0)).isInstanceOf(IllegalStateException.class);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void survivesBothOfSparksSerializers(boolean kryo) {
        SparkConf conf = new SparkConf(false);
        Serializer serializer = kryo ? new KryoSerializer(conf) : new JavaSerializer(conf);
        var tag = ClassTag$.MODULE$.<PackedExamples>apply(PackedExamples.class);

        ByteBuffer bytes = serializer.newInstance().serialize(examples, tag);

        assertHasBoth(serializer.newInstance().<PackedExamples>deserialize(bytes, tag));
        PackedExamples copy = serializer
                .newInstance()
                .<PackedExamples>deserialize(serializer.newInstance().serialize(words, tag), tag);
        assertThat(((Targets.TokenClasses) copy.target(0)).classes()).containsExactly(-1, 2, -1, 0, -1);
        assertThat(copy.wordStarts(0)).containsExactly(1, -1, 3);
    }

    @Test
    void refusesAnExampleWithoutTokens() {
        assertThatThrownBy(() -> new PackedExamplesBuilder(TaskType.REGRESSION)
                        .add(3, new int[0], new int[0], Examples.number(0)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Example 3 has 0 tokens");
    }

    @Test
    void refusesATargetThatDoesNotBelongToTheTask() {
        assertThatThrownBy(() -> new PackedExamplesBuilder(TaskType.REGRESSION)
                        .add(3, new int[1], new int[1], Examples.label(0)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("targets of Classes, where the task is regression");
        assertThatThrownBy(() -> new PackedExamplesBuilder(TaskType.TOKEN_CLASSIFICATION)
                        .add(3, new int[2], new int[2], Examples.labels(0)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1 targets");
    }

    private static float[] numbers(PackedExamples packed) {
        return ((Targets.Numbers) packed.targets()).numbers();
    }

    private static void assertHasBoth(PackedExamples packed) {
        assertThat(packed.size()).isEqualTo(2);
        assertThat(packed.id(0)).isEqualTo(7);
        assertThat(packed.id(1)).isEqualTo(9);
        assertThat(packed.length(0)).isEqualTo(3);
        assertThat(packed.length(1)).isEqualTo(5);
        assertThat(packed.token(1, 1)).isEqualTo(6);
        assertThat(packed.type(0, 2)).isZero();
        assertThat(packed.type(1, 3)).isEqualTo(1);
        assertThat(numbers(packed)).containsExactly(1, 2.5f);
        assertThat(((Targets.Numbers) packed.target(1)).numbers()).containsExactly(2.5f);
    }
}
