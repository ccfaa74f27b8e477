/**
 * The command line: options, progress on the screen and exit codes. A command turns its options into a request and hands
 * it to {@link org.erat.cli.Jobs}, the one place that knows which rooms do the work. May use every other room; no room
 * may use it.
 */
package org.erat.cli;
