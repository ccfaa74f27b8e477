package org.erat.training.average;

import com.sun.management.GarbageCollectionNotificationInfo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;
import javax.management.NotificationEmitter;
import javax.management.NotificationListener;
import javax.management.openmbean.CompositeData;

/** What this process, a driver, holds and exchanges: heap that survives collections, and bytes through its sockets. */
final class DriverMeter implements AutoCloseable {
    private static final Path IO = Path.of("/proc/self/io");
    private static final Set<String> HEAP = ManagementFactory.getMemoryPoolMXBeans().stream()
            .filter(pool -> pool.getType() == MemoryType.HEAP)
            .map(MemoryPoolMXBean::getName)
            .collect(Collectors.toSet());

    private final NotificationListener listener = (notification, handback) -> {
        if (notification.getType().equals(GarbageCollectionNotificationInfo.GARBAGE_COLLECTION_NOTIFICATION)) {
            collected(GarbageCollectionNotificationInfo.from((CompositeData) notification.getUserData()));
        }
    };
    private long peak;
    private long read;
    private long written;

    DriverMeter() {
        for (GarbageCollectorMXBean collector : ManagementFactory.getGarbageCollectorMXBeans()) {
            ((NotificationEmitter) collector).addNotificationListener(listener, null, null);
        }
        begin();
    }

    /** Counts from here on. */
    void begin() {
        System.gc();
        peak = 0;
        read = io("rchar");
        written = io("wchar");
    }

    private synchronized void collected(GarbageCollectionNotificationInfo info) {
        long used = info.getGcInfo().getMemoryUsageAfterGc().entrySet().stream()
                .filter(pool -> HEAP.contains(pool.getKey()))
                .mapToLong(pool -> pool.getValue().getUsed())
                .sum();
        peak = Math.max(peak, used);
    }

    /** Most heap in use after a collection since {@link #begin}. */
    synchronized long peakHeap() {
        return peak;
    }

    long bytesIn() {
        return io("rchar") - read;
    }

    long bytesOut() {
        return io("wchar") - written;
    }

    private static long io(String field) {
        try {
            return Files.readAllLines(IO).stream()
                    .filter(line -> line.startsWith(field + ":"))
                    .mapToLong(line ->
                            Long.parseLong(line.substring(field.length() + 1).strip()))
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        for (GarbageCollectorMXBean collector : ManagementFactory.getGarbageCollectorMXBeans()) {
            try {
                ((NotificationEmitter) collector).removeNotificationListener(listener);
            } catch (javax.management.ListenerNotFoundException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
