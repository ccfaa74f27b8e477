package org.erat.config;

import java.io.Serializable;

/**
 * When the state of a run is saved, and what of it is kept.
 *
 * @param everyRounds rounds between two checkpoints
 * @param keepLast number of newest checkpoints kept
 * @param keepBest number of checkpoints of lowest training loss kept beside them
 */
public record CheckpointSettings(int everyRounds, int keepLast, int keepBest) implements Serializable {}
