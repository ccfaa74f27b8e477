/**
 * Memory outside the Java heap, of the host or of a device, and the tensors over it: what the implementations whose tensors
 * are rows at addresses share. {@link org.erat.compute.memory.TaskMemory} is what a task allocates from. May use {@code
 * compute} and {@code data}.
 */
package org.erat.compute.memory;
