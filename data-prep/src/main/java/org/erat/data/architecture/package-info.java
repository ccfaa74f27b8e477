/**
 * What a transformer computes, and what its tensors are called. Start with
 * {@link org.erat.data.architecture.Architecture}, the description of a model as data. A
 * {@link org.erat.data.architecture.Family} reads it from a {@code config.json} and names the tensors;
 * {@link org.erat.data.architecture.Families} lists the families. A new family is one new file and one entry there.
 * Uses {@code org.erat.data} and Jackson.
 */
package org.erat.data.architecture;
