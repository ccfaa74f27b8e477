package org.erat.training;

import java.util.ArrayList;
import java.util.List;

/** Keeps what a run says, and stops it where a test wants it stopped. */
final class Watching implements TrainingMonitor {
    final List<String> lines = new ArrayList<>();
    final List<Integer> rounds = new ArrayList<>();
    private final int stopAfterRound;
    private final String stopAtLine;

    private Watching(int stopAfterRound, String stopAtLine) {
        this.stopAfterRound = stopAfterRound;
        this.stopAtLine = stopAtLine;
    }

    static Watching toTheEnd() {
        return new Watching(Integer.MAX_VALUE, null);
    }

    /** @param round number of the last round that completes, from 1 */
    static Watching untilRound(int round) {
        return new Watching(round, null);
    }

    /** @param start first words of the line that is never finished */
    static Watching untilLine(String start) {
        return new Watching(Integer.MAX_VALUE, start);
    }

    /** Stands for a process that is killed. */
    static final class Killed extends RuntimeException {}

    @Override
    public void say(String line) {
        lines.add(line);
        if (stopAtLine != null && line.startsWith(stopAtLine)) {
            throw new Killed();
        }
    }

    @Override
    public void roundsBegin(int done, int total) {}

    @Override
    public void roundDone(RoundReport report) {
        rounds.add(report.round() + 1);
        if (report.round() + 1 >= stopAfterRound) {
            throw new Killed();
        }
    }
}
