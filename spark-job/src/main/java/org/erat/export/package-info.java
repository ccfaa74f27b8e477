/**
 * Trained adapters as files that others can read: PEFT's format at the full rank, at a lower rank and at a rank for each
 * block, with the task head beside it. Start at {@link org.erat.export.AdapterFiles}. May use {@code learner} and the
 * packages below it; knows nothing of training or of metrics.
 */
package org.erat.export;
