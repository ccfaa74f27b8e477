/**
 * One training run as an object: a session, a configuration and data in, an outcome out. Start at {@link
 * org.erat.job.TrainingRun}. May use {@code dl4j}, {@code training}, {@code evaluation}, {@code export}, {@code checkpoint},
 * {@code monitoring} and the rooms below them.
 */
package org.erat.job;
