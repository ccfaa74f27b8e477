/**
 * Faults injected for real into running jobs: processes killed and stopped, disks filled, bits flipped. Every run that
 * can go on ends with the adapter of the run that nothing disturbed, byte for byte.
 */
package org.erat.faults;
