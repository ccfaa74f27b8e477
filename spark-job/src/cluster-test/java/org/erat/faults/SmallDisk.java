package org.erat.faults;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.erat.cluster.ChildProcess;
import org.junit.jupiter.api.Assumptions;

/**
 * A real file system of a few kilobytes: a tmpfs in a mount namespace of its own, which a user may make without being
 * root where user namespaces are allowed. Only what is started inside sees it; others look through {@link #outside}.
 */
final class SmallDisk implements AutoCloseable {
    private final Path folder;
    private final ChildProcess holder;

    private SmallDisk(Path folder, ChildProcess holder) {
        this.folder = folder;
        this.holder = holder;
    }

    /**
     * Mounts it; a test is skipped, and says so, where that is not allowed.
     *
     * @param folder an empty folder
     */
    static SmallDisk mount(Path folder, int kilobytes) {
        ChildProcess holder = ChildProcess.start(
                "small-disk",
                folder.getParent(),
                Map.of(),
                List.of(
                        "unshare",
                        "-rm",
                        "sh",
                        "-c",
                        "mount -t tmpfs -o size=" + kilobytes + "k,mode=700 small '" + folder
                                + "' && echo mounted && exec sleep 3600"));
        SmallDisk disk = new SmallDisk(folder, holder);
        holder.awaitLineOrEnd("mounted");
        if (holder.count("mounted"::equals) == 0) {
            disk.close();
            Assumptions.abort("No user namespaces here, so no small disk can be mounted (" + holder.said()
                    + "); CheckpointsTest has a disk that pretends to be full");
        }
        return disk;
    }

    /** A command that sees this disk. */
    List<String> inside(List<String> command) {
        List<String> all = new ArrayList<>(List.of(
                "nsenter", "-t", Long.toString(holder.handle().pid()), "-U", "-m", "--preserve-credentials", "--"));
        all.addAll(command);
        return all;
    }

    /** Makes room. */
    void grow(int kilobytes) {
        List<String> remount = List.of("mount", "-o", "remount,size=" + kilobytes + "k", folder.toString());
        try (ChildProcess mount = ChildProcess.start("mount", folder.getParent(), Map.of(), inside(remount))) {
            mount.exits(0);
        }
    }

    /** Its folder for what is inside. */
    Path folder() {
        return folder;
    }

    /** The same folder for everybody else. */
    Path outside() {
        return Path.of("/proc", Long.toString(holder.handle().pid()), "root")
                .resolve(folder.toString().substring(1));
    }

    @Override
    public void close() {
        holder.close();
    }
}
