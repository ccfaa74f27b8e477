/**
 * How adapters are trained: which rows of the low-rank matrices take part in a step and which learn. Start at {@link
 * org.erat.method.AdapterMethod}. Everything here is a pure function of the configuration, a seed and a position (step,
 * block, shard, example), so any process can plan any step and nothing random crosses the network. May use {@code adapter},
 * {@code config} and data-prep.
 */
package org.erat.method;
