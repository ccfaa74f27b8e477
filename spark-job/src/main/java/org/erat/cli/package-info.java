/**
 * The command line: options, progress on the screen and exit codes. A command turns its options into a request
 * and does what it says with the other rooms. Start at {@link org.erat.cli.Main} and {@code TrainCommand}. May use every
 * other room; no room may use it.
 */
package org.erat.cli;
