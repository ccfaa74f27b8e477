package org.erat.compute.cuda;

import org.bytedeco.javacpp.Pointer;

/** Work on a device, done in the order in which it is given. Confined to one thread at a time. */
interface Stream extends AutoCloseable {
    /** Copies to the device; {@code from} may be changed when this returns. */
    void upload(Pointer from, long to, long bytes);

    /** Copies to the host, and waits for that and for all before it. */
    void download(long from, Pointer to, long bytes);

    /** Runs a kernel. */
    void launch(Launch launch);

    /**
     * c = alpha·op(a)·op(b) + beta·c, and the epilogue.
     *
     * @param bias of the epilogue, if it has one; likewise the auxiliary matrix
     * @param workspace scratch memory of {@link Driver#workspaceBytes}, of this stream's own
     */
    void gemm(Gemm gemm, long a, long b, long c, long bias, long auxiliary, long workspace);

    /**
     * The same for {@code count} matrices.
     *
     * @param a of this many addresses on the device; likewise b and c
     */
    void batchedGemm(Gemm gemm, int count, long a, long b, long c, long workspace);

    /** Waits until all is done. */
    void await();

    @Override
    void close();
}
