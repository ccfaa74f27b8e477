package org.erat.tracking;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.Test;

/** What a tool is told, whether or not it answers. */
class TrackingTest {
    private final List<String> lines = Collections.synchronizedList(new ArrayList<>());

    /** A tool that answers only some of the time. */
    private static final class Moody implements Tracker {
        final List<String> taken = new ArrayList<>();
        private final List<String> waiting = new ArrayList<>();
        private final CountDownLatch slow;
        private boolean answers;

        Moody(boolean answers, CountDownLatch slow) {
            this.answers = answers;
            this.slow = slow;
        }

        @Override
        public String name() {
            return "the tool";
        }

        @Override
        public void begin(long step) {
            waiting.add("begin " + step);
        }

        @Override
        public void record(Point point) {
            waiting.add(point.at() + " " + point.values());
        }

        @Override
        public void send() throws IOException, InterruptedException {
            slow.await();
            if (!answers) {
                throw new IOException("no route");
            }
            taken.addAll(waiting);
            waiting.clear();
        }

        @Override
        public void end(Ending ending, List<Path> files) {
            taken.add(ending + " " + files);
        }
    }

    @Test
    void numbersAreTakenWithTheNamesOfTheirMaps() {
        Moody tool = new Moody(true, new CountDownLatch(0));
        try (Tracking tracking = new Tracking(List.of(tool), lines::add)) {
            tracking.begin(0);
            tracking.round(
                    10,
                    Map.of(
                            "loss",
                            Double.NaN,
                            "text",
                            "x",
                            "validation",
                            Map.of("ranks", Map.of("8", 0.5), "name", "f1")));
            tracking.finished(List.of(new Path("adapter")));
        }
        assertThat(tool.taken).containsExactly("begin 0", "10 {validation/ranks/8=0.5}", "FINISHED [adapter]");
        assertThat(lines).isEmpty();
    }

    @Test
    void aToolThatDoesNotAnswerIsNamedOnceAndAtTheEnd() {
        Moody tool = new Moody(false, new CountDownLatch(0));
        try (Tracking tracking = new Tracking(List.of(tool), lines::add)) {
            tracking.begin(0);
            tracking.round(1, Map.of("loss", 1));
            tracking.round(2, Map.of("loss", 2));
            tracking.failed();
        }
        assertThat(tool.taken).isEmpty();
        assertThat(lines)
                .containsExactly(
                        "warning: the tool does not take the run (no route). The run continues without it.",
                        "warning: the tool does not take the run (no route). It lacks the end of the run.");
    }

    @Test
    void aToolThatAnswersAgainGetsWhatItMissed() {
        Moody tool = new Moody(false, new CountDownLatch(0));
        try (Tracking tracking = new Tracking(List.of(tool), lines::add)) {
            tracking.begin(0);
            tracking.round(1, Map.of("loss", 1));
            tracking.onThread(told -> tool.answers = true);
            tracking.interrupted();
        }
        assertThat(tool.taken).containsExactly("begin 0", "1 {loss=1.0}", "INTERRUPTED []");
        assertThat(lines).hasSize(2).last().isEqualTo("the tool takes the run again, and has what it missed");
    }

    /** Two hundred rounds are told of while the tool has not answered once. */
    @Test
    void aSlowToolDelaysNoRound() throws InterruptedException {
        CountDownLatch slow = new CountDownLatch(1);
        Moody tool = new Moody(true, slow);
        try (Tracking tracking = new Tracking(List.of(tool), lines::add)) {
            CountDownLatch told = new CountDownLatch(1);
            Thread rounds = new Thread(() -> {
                for (int round = 1; round <= 200; round++) {
                    tracking.round(round, Map.of("loss", 1));
                }
                told.countDown();
            });
            rounds.start();
            assertThat(told.await(30, TimeUnit.SECONDS)).isTrue();
            slow.countDown();
            tracking.finished(List.of());
        }
        assertThat(tool.taken).hasSize(201);
    }
}
