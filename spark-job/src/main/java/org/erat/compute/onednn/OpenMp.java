package org.erat.compute.onednn;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import org.bytedeco.javacpp.Loader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The OpenMP runtime that oneDNN is linked to. Its thread count is a setting of the calling thread, so that two tasks
 * of a JVM do not disturb each other.
 */
final class OpenMp {
    private static final Logger LOG = LoggerFactory.getLogger(OpenMp.class);
    private static final boolean AVAILABLE = bind();

    private OpenMp() {}

    /**
     * Sets the number of threads of the regions that the calling thread opens. To be called before each native call: the
     * runtime is shared with libraries that set it as well, and setting it costs a fraction of a microsecond.
     */
    static void useThreads(int threads) {
        if (AVAILABLE) {
            omp_set_num_threads(threads);
        }
    }

    /** The number of threads that a region opened by the calling thread would have. */
    static int threads() {
        return omp_get_max_threads();
    }

    private static boolean bind() {
        try {
            // Several copies of the runtime may lie about. A look-up through oneDNN's own binding searches the
            // libraries that it is linked to, and so finds the copy that it runs on.
            String binding = Loader.load(org.bytedeco.dnnl.global.dnnl.class);
            Native.register(OpenMp.class, NativeLibrary.getInstance(binding));
            return true;
        } catch (LinkageError | IllegalArgumentException e) {
            LOG.warn("The number of threads of oneDNN cannot be set ({}); it uses OMP_NUM_THREADS", e.toString());
            return false;
        }
    }

    private static native void omp_set_num_threads(int threads);

    private static native int omp_get_max_threads();
}
