package org.erat.training.round;

/**
 * All that training needs to go on, bit for bit.
 *
 * @param round next round
 * @param parameters flat parameters: adapters, then head
 * @param optimizer averaged optimizer state; empty where there is none
 * @param momentum buffer of the outer step; empty where it has no momentum
 */
public record TrainingState(int round, float[] parameters, float[] optimizer, float[] momentum) {}
