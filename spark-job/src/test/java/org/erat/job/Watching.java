package org.erat.job;

import java.util.ArrayList;
import java.util.List;
import org.erat.training.round.RoundReport;

/** Keeps what a run says, and stops it where a test wants it stopped. */
final class Watching implements RunListener {
    final List<String> lines = new ArrayList<>();
    final List<Integer> rounds = new ArrayList<>();
    private final int killAfterRound;
    private final int cancelAfterRound;

    private Watching(int killAfterRound, int cancelAfterRound) {
        this.killAfterRound = killAfterRound;
        this.cancelAfterRound = cancelAfterRound;
    }

    static Watching toTheEnd() {
        return new Watching(Integer.MAX_VALUE, Integer.MAX_VALUE);
    }

    /** @param round number of the last round that completes, from 1 */
    static Watching untilRound(int round) {
        return new Watching(round, Integer.MAX_VALUE);
    }

    /** @param round number of the round after which the run is cancelled, from 1 */
    static Watching cancellingAfter(int round) {
        return new Watching(Integer.MAX_VALUE, round);
    }

    /** Stands for a process that is killed. */
    static final class Killed extends RuntimeException {}

    @Override
    public void say(String line) {
        lines.add(line);
    }

    @Override
    public void roundsBegin(int done, int total) {}

    @Override
    public void roundDone(RoundReport report) {
        rounds.add(report.round() + 1);
        if (report.round() + 1 >= killAfterRound) {
            throw new Killed();
        }
    }

    @Override
    public boolean isCancelled() {
        return rounds.contains(cancelAfterRound);
    }
}
