/**
 * Which rows of the low-rank matrices take part in a step: rank ranges over training time and depth, and the windows
 * drawn from them. Everything here is a pure function of the configuration, a seed and a position (step, block, worker,
 * example), so any process can work out any draw and nothing random crosses the network. Uses {@code config} for the
 * settings, {@code org.erat.data.SplitMix64} and nothing else.
 */
package org.erat.schedule;
