package org.erat.compute.onednn;

import com.sun.jna.Native;
import com.sun.jna.Platform;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How glibc serves requests for memory. By itself it serves large blocks from arenas, one for each of many threads, once a
 * block of their size was freed. What is freed there stays with the process, and the holes are rarely of the right size.
 */
final class Malloc {
    private static final Logger LOG = LoggerFactory.getLogger(Malloc.class);

    /** Parameters of mallopt(3). */
    private static final int M_MMAP_THRESHOLD = -3;

    private static final int M_ARENA_MAX = -8;

    /** From here on a block is a mapping of its own, which goes back to the system when it is freed. */
    private static final int LARGE = 1 << 20;

    private static final int ARENAS = 2;

    private Malloc() {}

    /** Gives large blocks mappings of their own and bounds the number of arenas, in the whole process. */
    static void mapLargeBlocks() {
        if (!Platform.isLinux()) {
            return;
        }
        try {
            Native.register(Malloc.class, Platform.C_LIBRARY_NAME);
            if (mallopt(M_MMAP_THRESHOLD, LARGE) == 0 || mallopt(M_ARENA_MAX, ARENAS) == 0) {
                LOG.debug("mallopt has no effect: memory that was freed may stay with this process");
            }
        } catch (LinkageError e) {
            LOG.debug("This C library has no mallopt: memory that was freed may stay with this process", e);
        }
    }

    private static native int mallopt(int parameter, int value);
}
