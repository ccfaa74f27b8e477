/** Errors shared by all rooms: each carries the exit code of the process that it ends. Uses nothing. */
package org.erat.data;
