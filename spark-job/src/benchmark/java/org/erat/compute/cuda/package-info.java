/** Devices that only measurements have. */
package org.erat.compute.cuda;
