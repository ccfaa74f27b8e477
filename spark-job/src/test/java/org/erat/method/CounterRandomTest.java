package org.erat.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.HashSet;
import java.util.Set;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class CounterRandomTest {
    /** The first outputs for seed 1234567 as Rosetta Code's task "Pseudo-random numbers/Splitmix64" lists them. */
    @Example
    void isSplitMix64() {
        assertThat(Long.toUnsignedString(CounterRandom.bits(1234567, 0))).isEqualTo("6457827717110365317");
        assertThat(Long.toUnsignedString(CounterRandom.bits(1234567, 1))).isEqualTo("3203168211198807973");
        assertThat(Long.toUnsignedString(CounterRandom.bits(1234567, 2))).isEqualTo("9817491932198370423");
    }

    @Example
    void keysOfNeighbouringPositionsDiffer() {
        Set<Long> keys = new HashSet<>();
        for (long seed = 0; seed < 10; seed++) {
            for (long step = 0; step < 200; step++) {
                for (long block = -1; block < 12; block++) {
                    keys.add(CounterRandom.key(seed, step, block));
                }
            }
        }
        assertThat(keys).hasSize(10 * 200 * 13);
        assertThat(CounterRandom.key(1, 2)).isNotEqualTo(CounterRandom.key(2, 1));
        assertThat(CounterRandom.key(1, 2)).isNotEqualTo(CounterRandom.key(1, 2, 0));
    }

    /**
     * Chi-square over the bins. With so many degrees of freedom as bins − 1 its mean is that number and its standard
     * deviation √(2·that number); 6 deviations leave a chance of about 1e-6 for each key to fail, and the keys are
     * fixed by the seed of the property.
     */
    @Property(tries = 50, seed = "1")
    void boundedNumbersAreUniform(@ForAll long seed, @ForAll @IntRange(min = 2, max = 64) int bound) {
        int draws = 20_000;
        int[] counts = new int[bound];
        for (int i = 0; i < draws; i++) {
            counts[CounterRandom.below(CounterRandom.key(seed, i), bound)]++;
        }
        double expected = (double) draws / bound;
        double chiSquare = 0;
        for (int count : counts) {
            chiSquare += (count - expected) * (count - expected) / expected;
        }
        assertThat(chiSquare).isLessThan(bound - 1 + 6 * Math.sqrt(2.0 * (bound - 1)) + 6);
    }

    @Property(tries = 200)
    void boundedNumbersStayInBoundsForAnyBound(@ForAll long key, @ForAll @IntRange(min = 1) int bound) {
        assertThat(CounterRandom.below(key, bound)).isBetween(0, bound - 1);
    }

    @Example
    void uniformNumbersFillTheUnitInterval() {
        int draws = 100_000;
        double sum = 0;
        for (int i = 0; i < draws; i++) {
            double value = CounterRandom.uniform(7, i);
            assertThat(value).isGreaterThanOrEqualTo(0).isLessThan(1);
            sum += value;
        }
        // Standard error of the mean of uniforms: 1/√(12·draws); 5 of them.
        assertThat(sum / draws).isCloseTo(0.5, within(5 / Math.sqrt(12.0 * draws)));
    }

    @Example
    void aBoundBelowOneIsRefused() {
        assertThatThrownBy(() -> CounterRandom.below(1, 0)).hasMessageContaining("Bound 0");
    }
}
