package org.erat.tracking;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.Path;

/** One tool that a run is followed in. All calls come from one thread. */
interface Tracker {
    /** What is not taken, and where, for people. */
    String name();

    /**
     * Rounds begin or go on.
     *
     * @param step local steps that were made before; what was recorded of later ones is void
     */
    void begin(long step);

    /** Takes values at a point of an axis, such as a local step or a rank. */
    void record(Point point);

    /** Sends what the tool has not taken yet. After an exception it is sent again by the next call. */
    void send() throws IOException, InterruptedException;

    /**
     * The run ends, and all else is sent.
     *
     * @param files files and folders of the run directory to keep
     */
    void end(Ending ending, List<Path> files) throws IOException, InterruptedException;

    /**
     * Values at one place of an axis.
     *
     * @param at place on the axis
     * @param millis time since 1970
     * @param values by name; all are finite
     */
    record Point(long at, long millis, Map<String, Double> values) {
        public Point {
            values = Map.copyOf(values);
        }
    }

    /** How a run ends. */
    enum Ending {
        FINISHED,
        /** It can go on. */
        INTERRUPTED,
        FAILED
    }
}
