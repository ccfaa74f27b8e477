package org.erat.experiment;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What an experiment shows so far.
 *
 * @param search what its search found; empty where the grid chooses no values
 * @param comparisons one for each task
 * @param unfinished of the runs that are compared
 */
record ExperimentResults(Optional<Search> search, List<Comparison> comparisons, Unfinished unfinished) {
    /**
     * The search of an experiment.
     *
     * @param results one for each task and method
     */
    record Search(List<SearchResult> results, Unfinished unfinished) {}

    /**
     * The runs without a result.
     *
     * @param failed the reasons of those that have failed, by run
     * @param left how many have neither finished nor failed
     */
    record Unfinished(Map<String, String> failed, int left) {
        static Unfinished of(int runs, List<TrialResult> finished, Map<String, String> failed) {
            return new Unfinished(failed, runs - finished.size() - failed.size());
        }
    }
}
