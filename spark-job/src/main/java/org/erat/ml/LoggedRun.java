package org.erat.ml;

import org.erat.job.RunListener;
import org.erat.training.round.RoundReport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes what a run has to say to the log of the caller's application. Rounds are events of Spark's listener bus too, see
 * {@link org.erat.monitoring.RoundCompleted}.
 *
 * @param uid of the estimator
 */
record LoggedRun(String uid) implements RunListener {
    private static final Logger LOG = LoggerFactory.getLogger(AdapterEstimator.class);

    @Override
    public void say(String line) {
        LOG.info("{}: {}", uid, line);
    }

    @Override
    public void roundsBegin(int done, int total) {
        LOG.info("{}: {} of {} rounds are done", uid, done, total);
    }

    @Override
    public void roundDone(RoundReport report) {
        LOG.info("{}: round {} of {}, loss {}", uid, report.round() + 1, report.rounds(), report.loss());
    }
}
