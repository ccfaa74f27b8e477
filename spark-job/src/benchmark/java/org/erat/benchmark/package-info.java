/**
 * What {@code submit/benchmark} runs: this project beside libtorch on the same machine, same shapes, same token ids. A
 * parent process asks one child process for each side, in turns, so that neither's thread pool disturbs the other. May
 * use every room of the job; nothing of the job uses it, and it is not shipped.
 */
package org.erat.benchmark;
