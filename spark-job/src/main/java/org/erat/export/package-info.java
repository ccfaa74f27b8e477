/**
 * Trained adapters as files that others can read: PEFT's format at the full rank, at a lower rank and at a rank for each
 * block, with the task head beside it. May use {@code network} and the rooms below it, {@code config} and data-prep;
 * knows nothing of training or of how quality is measured.
 */
package org.erat.export;
