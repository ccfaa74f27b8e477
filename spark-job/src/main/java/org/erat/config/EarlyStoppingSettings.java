package org.erat.config;

import java.io.Serializable;

/**
 * When training ends before its last epoch does.
 *
 * @param patience evaluations in a row without a gain after which it does; 0 for never
 * @param leastGain by how much a metric has to get better for a gain
 */
public record EarlyStoppingSettings(int patience, double leastGain) implements Serializable {}
