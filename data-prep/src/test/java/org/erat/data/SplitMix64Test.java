package org.erat.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnJre;
import org.junit.jupiter.api.condition.JRE;

class SplitMix64Test {
    /** The first outputs for seed 1234567 as Rosetta Code's task "Pseudo-random numbers/Splitmix64" lists them. */
    @Test
    void isTheGeneratorThatWasPublished() {
        long seed = 1234567;
        assertThat(Long.toUnsignedString(output(seed, 1))).isEqualTo("6457827717110365317");
        assertThat(Long.toUnsignedString(output(seed, 2))).isEqualTo("3203168211198807973");
        assertThat(Long.toUnsignedString(output(seed, 3))).isEqualTo("9817491932198370423");
        assertThat(Long.toUnsignedString(output(seed, 4))).isEqualTo("4593380528125082431");
        assertThat(Long.toUnsignedString(output(seed, 5))).isEqualTo("16408922859458223821");
    }

    /** The authors' own implementation, which need not stay what it is in JDK 17. */
    @Test
    @EnabledOnJre(JRE.JAVA_17)
    void isTheGeneratorOfTheJavaLibrary() {
        for (long seed : new long[] {0, 1, -1, 1234567, Long.MIN_VALUE, 0x9E3779B97F4A7C15L}) {
            SplittableRandom library = new SplittableRandom(seed);
            for (int n = 1; n <= 100; n++) {
                assertThat(output(seed, n)).isEqualTo(library.nextLong());
            }
        }
    }

    @Test
    void keysThatDifferInAnyPlaceGiveOtherNumbers() {
        long first = new SplitMix64(1, 2, 3).next();
        assertThat(new SplitMix64(1, 2, 3).next()).isEqualTo(first);
        assertThat(new SplitMix64(0, 2, 3).next()).isNotEqualTo(first);
        assertThat(new SplitMix64(1, 3, 2).next()).isNotEqualTo(first);
        assertThat(new SplitMix64(1, 2).next()).isNotEqualTo(first);
    }

    /** 7000 draws among 7: each 1000 times, give or take 5 standard deviations of √(7000·6/49) = 29.3. */
    @Test
    void boundedNumbersAreUniform() {
        SplitMix64 random = new SplitMix64(5);
        int[] counts = new int[7];
        for (int i = 0; i < 7000; i++) {
            counts[random.nextInt(7)]++;
        }
        assertThat(Arrays.stream(counts).boxed())
                .allSatisfy(count -> assertThat(count).isCloseTo(1000, within(147)));
    }

    /** The n-th output: the state moves by a step, wrapping around, and is mixed. */
    private static long output(long seed, int n) {
        long state = seed;
        for (int i = 0; i < n; i++) {
            state += SplitMix64.STEP;
        }
        return SplitMix64.mix(state);
    }
}
