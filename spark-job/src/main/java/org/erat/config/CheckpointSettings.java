package org.erat.config;

import java.io.Serializable;

/**
 * When the state of a run is saved.
 *
 * @param everyRounds rounds between two checkpoints
 * @param keep number of checkpoints kept
 */
public record CheckpointSettings(int everyRounds, int keep) implements Serializable {}
