package org.erat.model;

import org.erat.compute.Tensor;

/**
 * What a backward pass adds the adapters' gradients to.
 *
 * @param values [n or more] in single precision, laid out as the adapters are
 * @param freezeA whether A keeps its initial values, so that its gradient is not computed
 */
public record Gradients(Tensor values, boolean freezeA) {}
