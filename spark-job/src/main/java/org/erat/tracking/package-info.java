/**
 * Runs in the tools that teams follow experiments with: TensorBoard's event files, and an MLflow server. What a tool does
 * not take is said, and never ends or delays a run. Start at {@link org.erat.tracking.Tracking}.
 */
package org.erat.tracking;
