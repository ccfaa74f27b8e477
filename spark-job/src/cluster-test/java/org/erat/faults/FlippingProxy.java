package org.erat.faults;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Stands between the executors and the driver's blocks and flips one bit in some of those that pass to an executor. What
 * passes is the frames of Spark's network protocol: eight bytes of length, which count themselves, a byte of type, the
 * rest.
 */
final class FlippingProxy implements AutoCloseable {
    private static final int CHUNK_FETCH_SUCCESS = 1;
    private static final int STREAM_ID_AND_CHUNK_INDEX = 8 + 4;

    private final ServerSocket server;
    private final Set<Integer> flipped;
    private final AtomicInteger blocks = new AtomicInteger();
    private final AtomicInteger flips = new AtomicInteger();
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();

    private FlippingProxy(ServerSocket server, Set<Integer> flipped) {
        this.server = server;
        this.flipped = flipped;
    }

    /**
     * Starts to pass on.
     *
     * @param host address to listen at, on a port that is free. The driver has to have the port of the same number on
     *     127.0.0.1.
     * @param flipped numbers of the blocks, in the order in which they pass, in which a bit is flipped
     */
    static FlippingProxy start(String host, Set<Integer> flipped) {
        try {
            FlippingProxy proxy =
                    new FlippingProxy(new ServerSocket(0, 50, InetAddress.getByName(host)), new TreeSet<>(flipped));
            daemon(proxy::accept);
            return proxy;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    int port() {
        return server.getLocalPort();
    }

    /** Bits that were flipped so far. */
    int flips() {
        return flips.get();
    }

    private void accept() throws IOException {
        while (true) {
            Socket executor = server.accept();
            Socket driver = new Socket(InetAddress.getLoopbackAddress(), port());
            open.add(executor);
            open.add(driver);
            daemon(() -> passOn(executor, driver));
            daemon(() -> {
                if (flipped.isEmpty()) {
                    passOn(driver, executor);
                } else {
                    passOnFlipped(driver, executor);
                }
            });
        }
    }

    private static void passOn(Socket from, Socket to) throws IOException {
        try (from;
                to;
                InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream()) {
            in.transferTo(out);
        }
    }

    private void passOnFlipped(Socket from, Socket to) throws IOException {
        try (from;
                to;
                DataInputStream in = new DataInputStream(from.getInputStream());
                DataOutputStream out = new DataOutputStream(to.getOutputStream())) {
            while (true) {
                long length = in.readLong();
                byte[] frame = in.readNBytes(Math.toIntExact(length) - Long.BYTES);
                if (frame[0] == CHUNK_FETCH_SUCCESS && flipped.contains(blocks.getAndIncrement())) {
                    int payload = 1 + STREAM_ID_AND_CHUNK_INDEX;
                    frame[payload + (frame.length - payload) / 2] ^= 0x10;
                    flips.incrementAndGet();
                }
                out.writeLong(length);
                out.write(frame);
                out.flush();
            }
        }
    }

    private interface Work {
        void run() throws IOException;
    }

    private static void daemon(Work work) {
        Thread thread = new Thread(
                () -> {
                    try {
                        work.run();
                    } catch (EOFException | SocketException e) {
                        // One of the two has hung up.
                        return;
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                },
                "flipping proxy");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() {
        try {
            server.close();
            for (Socket socket : open) {
                socket.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
